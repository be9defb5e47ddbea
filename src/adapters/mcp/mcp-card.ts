import { create, type JsonObject, toJson } from '@bufbuild/protobuf'
import { EXTENSIONS } from '../../core/ids/extension-uris.ts'
import * as a2a from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'
import { MAX_CARD_BYTES } from '../../wire/binding/agent-card.ts'
import { RELAY_BINDING } from '../../wire/relay-binding.ts'
import type { McpTool } from './mcp-tool.ts'
import { toolCapability } from './tool-capability.ts'
import { toolFacts } from './tool-facts.ts'

/** What an MCP server says of itself, bounded. */
export interface McpServerInfo {
  readonly name: string
  readonly title: string
  readonly version: string
  /** Its description, or its instructions for models. */
  readonly about: string
}

/** A description of an agent has at most 4,000 characters; of a skill, as much as a person reads. */
const MAX_ABOUT = 1_000
const MAX_SKILL_ABOUT = 400

/** The agent that an MCP server is, as the exact bytes of its card: one skill for each tool. `capabilities`: offered beside those of the tools. */
export function mcpCard(server: McpServerInfo, tools: readonly McpTool[], capabilities: readonly string[]): Uint8Array {
  // A server with a hundred tools does not fit a card. The first ones are shown; the others can still be called, and errors list them.
  for (let shown = tools.length; ; shown = Math.floor(shown * 0.75)) {
    const bytes = encode(server, tools.slice(0, shown), capabilities)
    if (bytes.length <= MAX_CARD_BYTES || shown === 0) return bytes
  }
}

function encode(server: McpServerInfo, tools: readonly McpTool[], capabilities: readonly string[]): Uint8Array {
  const facts = toolFacts(tools)
  const card = create(a2a.AgentCardSchema, {
    name: server.title,
    description: server.about.trim() === '' ? `Tools of the MCP server ${server.name}` : server.about.slice(0, MAX_ABOUT),
    version: server.version,
    // Never dialled: the gateway puts its own in front.
    supportedInterfaces: [{ url: 'hansa:relay', protocolBinding: RELAY_BINDING, protocolVersion: '1.0' }],
    capabilities: {
      streaming: true,
      extensions: facts === undefined ? [] : [{ uri: EXTENSIONS.facts, description: 'What each skill needs and puts out', params: facts }]
    },
    defaultInputModes: ['application/json', 'text/plain'],
    defaultOutputModes: ['text/plain', 'application/json'],
    skills: tools.map((tool) => ({
      id: tool.name,
      name: tool.title,
      description: tool.description.trim() === '' ? tool.title : tool.description.slice(0, MAX_SKILL_ABOUT),
      tags: [toolCapability(server.name, tool.name), ...capabilities],
      examples: [JSON.stringify({ tool: tool.name, arguments: exampleOf(tool) })]
    }))
  })
  return new TextEncoder().encode(JSON.stringify(toJson(a2a.AgentCardSchema, card)))
}

/** The arguments by their types, so that whoever reads the card knows what to send. */
function exampleOf({ input }: McpTool): JsonObject {
  const properties = (input.json['properties'] ?? {}) as Record<string, JsonObject>
  return Object.fromEntries(
    input.properties.slice(0, 16).map((name) => {
      const { type, enum: choices } = properties[name] ?? {}
      const shown = Array.isArray(choices) ? choices.slice(0, 8).join(' | ') : typeof type === 'string' ? type : 'any'
      return [name, shown.slice(0, 100)]
    })
  )
}
