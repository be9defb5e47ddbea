import type { JsonObject } from '@bufbuild/protobuf'
import { isFact } from '../../core/ids/fact.ts'
import type { McpTool, ToolSchema } from './mcp-tool.ts'

/** A record holds at most 32 skills with at most 256 names in all (schema/hansa/v1/directory.proto); more would get the whole registration refused. */
const MAX_SKILLS = 32
const MAX_NAMES = 256

/**
 * Params of the facts extension: what each tool needs (its required arguments) and puts out (properties of its structured result). A tool with a name among
 * them that is no name of a fact is left out, since nobody could plan with it. Undefined when no tool is left.
 */
export function toolFacts(tools: readonly McpTool[]): JsonObject | undefined {
  const skills: JsonObject = {}
  let names = 0
  for (const { name, input, output } of tools) {
    const inputs = [...input.required]
    const outputs = output === undefined ? [] : [...propertiesOf(output)]
    const all = [...inputs, ...outputs]
    if (all.length === 0 || !all.every(isFact) || names + all.length > MAX_NAMES) continue
    if (Object.keys(skills).length === MAX_SKILLS) break
    names += all.length
    skills[name] = { inputs, outputs }
  }
  return names === 0 ? undefined : { skills }
}

/** Where some are required, only those are sure to be there. */
function propertiesOf({ properties, required }: ToolSchema): readonly string[] {
  return required.length > 0 ? properties.filter((name) => required.includes(name)) : properties
}
