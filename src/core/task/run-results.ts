import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { type OutputFile, type StepOutput, type TaskRun, WorkState } from '../../schema/generated/hansa/v1/task_pb.ts'
import { hex } from '../ids/hex.ts'
import { dependenciesOf } from './dependencies.ts'
import { jsonOf } from './json-value.ts'
import { knownOf } from './known-of.ts'
import { parseReference, resolveReference } from './reference.ts'

/**
 * Results of a run by name, those that there are so far: what `results` of its graph refer to; without them, what each completed step that no other one needs has
 * put out, as `{ text, data, files }`, by the ID of the step. Files are `{ name, mediaType, size }` with `sha256` in hex or `url`. Costs O(steps).
 */
export function runResults(run: TaskRun): Record<string, JsonValue> {
  const results = run.graph?.results ?? []
  if (results.length === 0) return Object.fromEntries(leaves(run))
  const known = knownOf(run)
  return Object.fromEntries(
    results.flatMap(({ name, from, value }): [string, JsonValue][] => {
      if (value !== undefined) return [[name, jsonOf(value)]]
      const reference = parseReference(from)
      const found = reference === undefined ? undefined : resolveReference(reference, known)
      if (found === undefined) return []
      return [[name, found.kind === 'json' ? found.json : found.files.map(fileJson)]]
    })
  )
}

function leaves(run: TaskRun): [string, JsonValue][] {
  const needed = new Set(run.graph?.steps.flatMap((step) => [...dependenciesOf(step).keys()]))
  return run.steps.flatMap(({ step, state, output }): [string, JsonValue][] =>
    needed.has(step) || state !== WorkState.COMPLETED || output === undefined ? [] : [[step, outputJson(output)]]
  )
}

function outputJson({ text, data, files }: StepOutput): JsonObject {
  return {
    ...(text === '' ? {} : { text }),
    ...(data === undefined ? {} : { data }),
    ...(files.length === 0 ? {} : { files: files.map(fileJson) })
  }
}

function fileJson({ name, mediaType, sha256, size, url }: OutputFile): JsonObject {
  return { name, mediaType, size: Number(size), ...(url === '' ? { sha256: hex(sha256) } : { url }) }
}
