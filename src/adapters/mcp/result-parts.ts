import { fromJson, type JsonValue, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { CallToolResult } from '@modelcontextprotocol/client'
import type { PartSchema } from '../../schema/generated/lf/a2a/v1/a2a_pb.ts'

type PartInit = MessageInitShape<typeof PartSchema>
type Block = CallToolResult['content'][number]

/** What a tool gave, as parts of an A2A artifact: its blocks in their order, then its structured content as a data part. */
export function resultParts({ content, structuredContent }: Pick<CallToolResult, 'content' | 'structuredContent'>): PartInit[] {
  const parts = content.flatMap(partOf)
  if (structuredContent === undefined) return parts
  const value = fromJson(ValueSchema, structuredContent as JsonValue)
  return [...parts, { content: { case: 'data', value }, mediaType: 'application/json' }]
}

/** The words of a result: why a tool failed. */
export function resultText({ content }: Pick<CallToolResult, 'content'>): string {
  return content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n')
}

function partOf(block: Block): PartInit[] {
  switch (block.type) {
    case 'text':
      return [{ content: { case: 'text', value: block.text } }]
    case 'image':
    case 'audio':
      return [{ content: { case: 'raw', value: bytesOf(block.data) }, mediaType: block.mimeType }]
    case 'resource_link':
      return [{ content: { case: 'url', value: block.uri }, filename: block.name, mediaType: block.mimeType ?? '' }]
    case 'resource': {
      const { resource } = block
      const named = { filename: lastSegment(resource.uri), mediaType: resource.mimeType ?? '', metadata: { uri: resource.uri } }
      return 'text' in resource
        ? [{ content: { case: 'text', value: resource.text }, ...named }]
        : [{ content: { case: 'raw', value: bytesOf(resource.blob) }, ...named }]
    }
    default:
      // Kinds of a later revision of MCP: better left out than guessed at.
      return []
  }
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, 'base64'))
}

function lastSegment(uri: string): string {
  return (
    uri
      .split(/[/#?]/)
      .findLast((segment) => segment !== '')
      ?.slice(0, 255) ?? ''
  )
}
