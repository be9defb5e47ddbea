import type { CallToolResult, ServerContext } from '@modelcontextprotocol/server'
import { shapeOfError } from '../../admin/error-shape.ts'
import { toHansaError } from '../../schema/errors.ts'

/** Member of `_meta` with the error of a tool as the admin API shows it; its text is for people and models. */
const ERROR_META = 'hansa/error'

/** What a tool gives: a document, and the same as text for clients that know no structured content. */
export function done(document: object, text = JSON.stringify(document)): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent: document as Record<string, unknown> }
}

/** A tool that tells what it throws with its stable code and what to do about it, as a result: a model can mend what it did, but not what it never sees. */
export function telling<A>(run: (args: A, context: ServerContext) => Promise<CallToolResult>): (args: A, context: ServerContext) => Promise<CallToolResult> {
  return async (args, context) => {
    try {
      return await run(args, context)
    } catch (thrown) {
      const error = toHansaError(thrown)
      return {
        isError: true,
        content: [{ type: 'text', text: `${error.message} (${error.code})\n${error.hint}` }],
        _meta: { [ERROR_META]: shapeOfError(error) }
      }
    }
  }
}
