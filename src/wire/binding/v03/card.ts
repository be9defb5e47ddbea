import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { HansaError } from '../../../schema/errors.ts'
import { type Convert, type Fields, inside, listOf, objectAt, type Place, translateFields } from './fields.ts'

const CARD: Place = { path: '', of: 'response' }

const SAME = (...names: readonly string[]): Fields => Object.fromEntries(names.map((name) => [name, [name]]))

const CARD_FIELDS = SAME('name', 'description', 'version', 'documentationUrl', 'iconUrl', 'provider', 'defaultInputModes', 'defaultOutputModes', 'signatures')
const SKILL_FIELDS = SAME('id', 'name', 'description', 'tags', 'examples', 'inputModes', 'outputModes')

/** Kinds of credentials: `type` of 0.3 and the field of 1.0. */
const SCHEMES: Readonly<Record<string, string>> = {
  apiKey: 'apiKeySecurityScheme',
  http: 'httpAuthSecurityScheme',
  oauth2: 'oauth2SecurityScheme',
  openIdConnect: 'openIdConnectSecurityScheme',
  mutualTLS: 'mtlsSecurityScheme'
}

/** True for a card of A2A 0.3: what it calls url at the top is supportedInterfaces in 1.0. A card that has both is one of 1.0. */
export function isCard03(card: JsonObject): boolean {
  const faces = card['supportedInterfaces']
  return typeof card['url'] === 'string' && !(Array.isArray(faces) && faces.length > 0)
}

/** A card of A2A 0.3 as ProtoJSON of the card of 1.0; its interfaces say that they speak 0.3. Throws INVALID_AGENT_RESPONSE naming the field. */
export function cardFrom03(card: JsonObject): JsonObject {
  const { capabilities, ...rest } = translateFields(card, CARD, {
    ...CARD_FIELDS,
    capabilities: ['capabilities', (value, place) => translateFields(value, place, SAME('streaming', 'pushNotifications', 'extensions'))],
    skills: [
      'skills',
      listOf((value, place) => translateFields(value, place, { ...SKILL_FIELDS, security: ['securityRequirements', listOf(requirementFrom)] }))
    ],
    security: ['securityRequirements', listOf(requirementFrom)],
    securitySchemes: ['securitySchemes', schemesFrom]
  })
  const extended = card['supportsAuthenticatedExtendedCard']
  return {
    ...rest,
    supportedInterfaces: facesOf(card),
    capabilities: { ...objectAt(capabilities ?? {}, CARD), ...(typeof extended === 'boolean' ? { extendedAgentCard: extended } : {}) }
  }
}

/** The preferred interface first; a card may name it again among the others. */
function facesOf(card: JsonObject): JsonObject[] {
  const said = card['protocolVersion']
  const version = typeof said === 'string' ? (/^\d+\.\d+/.exec(said)?.[0] ?? '0.3') : '0.3'
  const others = Array.isArray(card['additionalInterfaces']) ? card['additionalInterfaces'] : []
  const first: JsonObject = { url: card['url'] ?? '', transport: card['preferredTransport'] ?? 'JSONRPC' }
  const faces = [first, ...others.map((each, index) => objectAt(each, { ...CARD, path: `additionalInterfaces[${index}]` }))]
  const seen = new Set<string>()
  return faces.flatMap(({ url = '', transport = '' }) => {
    const key = JSON.stringify([url, transport])
    if (seen.has(key)) return []
    seen.add(key)
    return { url, protocolBinding: transport, protocolVersion: version }
  })
}

/**
 * ProtoJSON of a card of 1.0 as a card of A2A 0.3, with those of its interfaces that speak 0.3; in REST (`proto`) requirements have the shape of the .proto.
 * Throws VERSION_NOT_SUPPORTED when there is no such interface.
 */
export function cardTo03(card: JsonObject, writing: 'json' | 'proto' = 'json'): JsonObject {
  const faces = (Array.isArray(card['supportedInterfaces']) ? card['supportedInterfaces'] : [])
    .map((face) => objectAt(face, { ...CARD, path: 'supportedInterfaces' }))
    .filter((face) => typeof face['protocolVersion'] === 'string' && /^0\.3(\.|$)/.test(face['protocolVersion']))
    .map(({ url = '', protocolBinding = '' }) => ({ url, transport: protocolBinding }))
  const [first, ...others] = faces
  if (first === undefined) throw new HansaError('VERSION_NOT_SUPPORTED', 'the agent has no interface of A2A 0.3', { supported: '1.0' })
  const requirements: Convert = listOf(writing === 'json' ? requirementTo : (value) => value)
  const capabilities = objectAt(card['capabilities'] ?? {}, inside(CARD, 'capabilities'))
  const extended = capabilities['extendedAgentCard']
  return {
    // ProtoJSON leaves out what is empty; 0.3 requires these.
    ...{ name: '', description: '', version: '', defaultInputModes: [], defaultOutputModes: [], skills: [] },
    ...translateFields(card, CARD, {
      ...CARD_FIELDS,
      skills: [
        'skills',
        listOf((value, place) => ({ tags: [], ...translateFields(value, place, { ...SKILL_FIELDS, securityRequirements: ['security', requirements] }) }))
      ],
      securityRequirements: ['security', requirements],
      securitySchemes: ['securitySchemes', writing === 'json' ? schemesTo : (value) => value]
    }),
    protocolVersion: '0.3.0',
    url: first.url,
    preferredTransport: first.transport,
    ...(others.length > 0 ? { additionalInterfaces: others } : {}),
    capabilities: translateFields(capabilities, CARD, SAME('streaming', 'pushNotifications', 'extensions')),
    ...(typeof extended === 'boolean' ? { supportsAuthenticatedExtendedCard: extended } : {})
  }
}

const requirementFrom: Convert = (value, place) => {
  const entries = Object.entries(objectAt(value, place))
  // The .proto of 0.3 has the shape of 1.0.
  if (entries.length === 1 && entries[0]?.[0] === 'schemes' && !Array.isArray(entries[0][1])) return value
  return { schemes: Object.fromEntries(entries.map(([scheme, list]) => [scheme, { list }])) }
}

const requirementTo: Convert = (value, place) => {
  const schemes = Object.entries(objectAt(objectAt(value, place)['schemes'] ?? {}, place))
  return Object.fromEntries(schemes.map(([scheme, scopes]) => [scheme, objectAt(scopes, place)['list'] ?? []]))
}

/** A scheme of a type that 1.0 does not know cannot be said; the card is read for its interfaces all the same. */
const schemesFrom: Convert = (value, place) =>
  mapMembers(value, place, (scheme) => {
    const { type, in: location, ...rest } = scheme
    if (type === undefined) return scheme
    const field = typeof type === 'string' && Object.hasOwn(SCHEMES, type) ? SCHEMES[type] : undefined
    return field === undefined ? undefined : { [field]: location === undefined ? rest : { ...rest, location } }
  })

const schemesTo: Convert = (value, place) =>
  mapMembers(value, place, (scheme) => {
    const found = Object.entries(SCHEMES).find(([, field]) => Object.hasOwn(scheme, field))
    if (found === undefined) return undefined
    const { location, ...rest } = objectAt(scheme[found[1]] ?? {}, place)
    return { type: found[0], ...rest, ...(location === undefined ? {} : { in: location }) }
  })

function mapMembers(value: JsonValue, place: Place, convert: (member: JsonObject) => JsonObject | undefined): JsonObject {
  const members = Object.entries(objectAt(value, place)).flatMap(([name, member]) => {
    const converted = convert(objectAt(member, inside(place, name)))
    return converted === undefined ? [] : [[name, converted] as const]
  })
  return Object.fromEntries(members)
}
