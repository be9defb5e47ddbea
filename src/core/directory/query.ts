import { HansaError } from '../../schema/errors.ts'
import { type DiscoverRequest, StatusFilter } from '../../schema/generated/hansa/v1/directory_pb.ts'
import { parseCapability } from '../ids/capability.ts'
import { parseDomain, quote } from '../ids/domain.ts'
import { isFact } from '../ids/fact.ts'
import { isLanguage } from '../ids/language-tag.ts'
import { isProtocol } from './protocol.ts'
import { words } from './words.ts'

/** What a discovery request may hold. Each word, capability and fact costs every server that is asked a look into an index. */
export const QUERY_BOUNDS = { text: 1_000, words: 16, capabilities: 16, outputs: 16, limit: 100, defaultLimit: 20 } as const

/** A parsed discovery request (draft 3.2.3). All that is given must hold. */
export interface Query {
  /** As `words` makes them, without repetition; each must begin a word of the agent's name, description or capabilities. */
  readonly words: readonly string[]
  readonly capabilities: readonly string[]
  /** Lower-case language tag; it covers the tags that begin with it: zh covers zh-hans. */
  readonly language?: string
  readonly protocol?: string
  /** Facts; one of the agent's skills must put out one of them. None: nothing is asked of its skills. */
  readonly outputs: readonly string[]
  readonly domain?: string
  readonly onlineOnly: boolean
  /** 1 to 100. */
  readonly limit: number
}

/** Throws INVALID_ARGUMENT naming what is wrong. Without a status filter only agents that are online are meant. */
export function parseQuery(request: DiscoverRequest): Query {
  if (request.text.length > QUERY_BOUNDS.text) throw invalid(`a text of ${request.text.length} characters; at most ${QUERY_BOUNDS.text} are allowed`)
  if (request.capabilities.length > QUERY_BOUNDS.capabilities)
    throw invalid(`${request.capabilities.length} capabilities; at most ${QUERY_BOUNDS.capabilities} can be asked for at once`)
  if (request.outputs.length > QUERY_BOUNDS.outputs)
    throw invalid(`${request.outputs.length} outputs; at most ${QUERY_BOUNDS.outputs} facts can be asked for at once`)
  const strange = request.outputs.find((fact) => !isFact(fact))
  if (strange !== undefined) throw invalid(`not a fact: ${quote(strange)}; a lower-case name such as flight-confirmation is wanted`)
  if (request.limit > QUERY_BOUNDS.limit) throw invalid(`a limit of ${request.limit}; 1 to ${QUERY_BOUNDS.limit} is allowed`)
  if (!Object.values(StatusFilter).some((known) => known === request.status)) throw invalid(`an unknown status filter ${request.status}`)
  if (request.language !== '' && !isLanguage(request.language))
    throw invalid(`not a language: ${quote(request.language)}; a tag such as en or zh-Hans is wanted`)
  if (request.protocol !== '' && !isProtocol(request.protocol))
    throw invalid(`not a protocol: ${quote(request.protocol)}; such as a2a-jsonrpc or mqtt is wanted`)
  const wanted = [...new Set(words(request.text))]
  if (wanted.length > QUERY_BOUNDS.words) throw invalid(`a text of ${wanted.length} words; at most ${QUERY_BOUNDS.words} are allowed`)
  if (request.text.trim() !== '' && wanted.length === 0) throw invalid(`no word in the text ${quote(request.text)}`)
  return {
    words: wanted,
    capabilities: [...new Set(request.capabilities.map(parseCapability))],
    outputs: [...new Set(request.outputs)],
    ...(request.language === '' ? {} : { language: request.language.toLowerCase() }),
    ...(request.protocol === '' ? {} : { protocol: request.protocol }),
    ...(request.domain === '' ? {} : { domain: parseDomain(request.domain) }),
    onlineOnly: request.status !== StatusFilter.ANY,
    limit: request.limit === 0 ? QUERY_BOUNDS.defaultLimit : request.limit
  }
}

function invalid(message: string): HansaError {
  return new HansaError('INVALID_ARGUMENT', message)
}
