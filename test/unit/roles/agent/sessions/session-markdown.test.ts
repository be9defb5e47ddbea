import assert from 'node:assert/strict'
import { create, fromJson, type MessageInitShape } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { markdownEntry, markdownHead } from '../../../../../src/roles/agent/sessions/session-markdown.ts'
import { type SessionEntry, SessionEntrySchema, SessionSchema } from '../../../../../src/schema/generated/hansa/v1/session_pb.ts'
import * as a2a from '../../../../../src/schema/generated/lf/a2a/v1/a2a_pb.ts'

function said(messageId: string, text: string, more: MessageInitShape<typeof a2a.MessageSchema> = {}): SessionEntry['content'] {
  return { case: 'message', value: create(a2a.MessageSchema, { messageId, role: a2a.Role.USER, parts: [{ content: { case: 'text', value: text } }], ...more }) }
}

function entry(sequence: number, content: SessionEntry['content'], more: MessageInitShape<typeof SessionEntrySchema> = {}): SessionEntry {
  return create(SessionEntrySchema, { sequence: BigInt(sequence), at: 1000n, from: 'anna@north.example', to: 'bob@south.example', content, ...more })
}

describe('a session in Markdown', () => {
  it('shows who said what, and nothing that was said is markup', () => {
    const lines = markdownEntry(
      entry(4, said('m', '# Heading\n[x](javascript:y) <b>\u202e\n- item'), { language: 'en', hops: [{ gateway: 'spiffe://north.example/agw/gw1' }] })
    )
    assert.deepEqual(lines, [
      '## 4. anna@north.example to bob@south.example',
      '',
      '1970-01-01T00:00:01.000Z, message; language en; via spiffe://north.example/agw/gw1',
      '',
      '> \\# Heading',
      '> \\[x\\]\\(javascript:y\\) \\<b\\> ',
      '> \\- item',
      ''
    ])
    assert.equal(markdownHead(create(SessionSchema, { id: 'c_1', peer: 'bob@south.example', entries: 4n, dropped: 2n }))[0], '# Session c\\_1')
  })

  it('names files, links and data', () => {
    const parts = [
      { content: { case: 'raw' as const, value: new Uint8Array(3) }, filename: 'a*.txt' },
      { content: { case: 'url' as const, value: 'https://x.example/y' } },
      { content: { case: 'data' as const, value: fromJson(ValueSchema, 1) } }
    ]
    const lines = markdownEntry(entry(1, said('m', '', { parts })))
    assert.deepEqual(lines.slice(4, 7), ['* file a\\*.txt, 3 bytes', '* link https://x.example/y', '* data'])
  })
})
