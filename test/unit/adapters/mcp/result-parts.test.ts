import assert from 'node:assert/strict'
import { create, toJson } from '@bufbuild/protobuf'
import { resultParts, resultText } from '../../../../src/adapters/mcp/result-parts.ts'
import { PartSchema } from '../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

const shown = (result: Parameters<typeof resultParts>[0]): unknown[] => resultParts(result).map((part) => toJson(PartSchema, create(PartSchema, part)))

describe('resultParts', () => {
  it('keeps the order of the blocks, and puts structured content last', () => {
    const parts = shown({
      content: [
        { type: 'text', text: 'one' },
        { type: 'image', data: 'AQID', mimeType: 'image/png' },
        { type: 'audio', data: 'BA==', mimeType: 'audio/wav' }
      ],
      structuredContent: { n: [1, null, 'x'] }
    })
    assert.deepEqual(parts, [
      { text: 'one' },
      { raw: 'AQID', mediaType: 'image/png' },
      { raw: 'BA==', mediaType: 'audio/wav' },
      { data: { n: [1, null, 'x'] }, mediaType: 'application/json' }
    ])
  })

  it('gives resources with their names', () => {
    const parts = shown({
      content: [
        { type: 'resource', resource: { uri: 'file:///a/notes.txt', mimeType: 'text/plain', text: 'note' } },
        { type: 'resource', resource: { uri: 'demo://x/7', blob: 'AQ==' } },
        { type: 'resource_link', uri: 'https://a.example/report.pdf', name: 'report', mimeType: 'application/pdf' }
      ]
    })
    assert.deepEqual(parts, [
      { text: 'note', filename: 'notes.txt', mediaType: 'text/plain', metadata: { uri: 'file:///a/notes.txt' } },
      { raw: 'AQ==', filename: '7', metadata: { uri: 'demo://x/7' } },
      { url: 'https://a.example/report.pdf', filename: 'report', mediaType: 'application/pdf' }
    ])
  })

  it('takes any JSON for structured content', () => {
    assert.deepEqual(shown({ content: [], structuredContent: [1] as unknown as Record<string, unknown> }), [{ data: [1], mediaType: 'application/json' }])
    assert.deepEqual(shown({ content: [] }), [])
  })

  it('has the words of a result', () => {
    assert.equal(
      resultText({
        content: [
          { type: 'text', text: 'a' },
          { type: 'image', data: '', mimeType: 'x' },
          { type: 'text', text: 'b' }
        ]
      }),
      'a\nb'
    )
  })
})
