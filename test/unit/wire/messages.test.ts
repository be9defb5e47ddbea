import assert from 'node:assert/strict'
import { MAX_FRAGMENT } from '../../../src/wire/frames.ts'
import { fragmentsOf, readMessage, writeMessage } from '../../../src/wire/messages.ts'
import { ByteBudget } from '../../../src/core/structures/byte-budget.ts'

type Fragment = { bytes: Uint8Array; last: boolean }
const EMPTY = { bytes: new Uint8Array(), last: false }

function streamOf(fragments: Iterable<Fragment>) {
  const left = fragments[Symbol.iterator]()
  return { read: async () => left.next().value as Fragment | undefined }
}

describe('wire/messages', () => {
  it('carries messages of any length, the empty one too', async () => {
    for (const length of [0, 1, MAX_FRAGMENT, MAX_FRAGMENT + 1, 3 * MAX_FRAGMENT]) {
      const message = new Uint8Array(length).fill(7)
      const sent: Fragment[] = []
      await writeMessage({ write: async (fragment) => void sent.push(fragment) }, message)
      assert.ok(sent.every(({ bytes }) => bytes.length <= MAX_FRAGMENT))
      const stream = streamOf(sent)
      assert.deepEqual(Buffer.from((await readMessage(stream, length)) ?? []), Buffer.from(message))
      assert.equal(await readMessage(stream, length), undefined)
    }
  })

  it('refuses a message over its bound as soon as it is over, whatever may follow', async () => {
    const stream = streamOf([...fragmentsOf(new Uint8Array(3 * MAX_FRAGMENT))].slice(0, 2))
    await assert.rejects(readMessage(stream, MAX_FRAGMENT + 1), { code: 'FRAME_TOO_LARGE', metadata: { bound: String(MAX_FRAGMENT + 1) } })
  })

  it('takes each fragment from the account before it waits for the next, so that many half-sent messages are bounded together', async () => {
    const budget = new ByteBudget({ perKey: 2 * MAX_FRAGMENT, total: 10 * MAX_FRAGMENT })
    const account = budget.open('flood')
    const stream = streamOf(fragmentsOf(new Uint8Array(3 * MAX_FRAGMENT)))
    await assert.rejects(readMessage(stream, 3 * MAX_FRAGMENT, account), { code: 'OVERLOADED' })
    account.release()
    assert.equal((await readMessage(streamOf(fragmentsOf(new Uint8Array(2 * MAX_FRAGMENT))), 3 * MAX_FRAGMENT, budget.open('flood')))?.length, 2 * MAX_FRAGMENT)
  })

  it('refuses an end in the middle of a message, also of one that has no bytes yet', async () => {
    await assert.rejects(readMessage(streamOf([{ bytes: Uint8Array.of(1), last: false }]), 10), { code: 'MALFORMED' })
    await assert.rejects(readMessage(streamOf([EMPTY]), 10), { code: 'MALFORMED' })
  })

  it('keeps nothing of empty fragments, of which any number fit under the bound', async () => {
    const last = { bytes: Uint8Array.of(9), last: true }
    function* flood(): Generator<Fragment> {
      for (let i = 0; i < 100_000; i++) yield EMPTY
      yield last
    }
    // As nothing was kept, the last fragment is the message itself and not a copy that was put together.
    assert.equal(await readMessage(streamOf(flood()), 1), last.bytes)
  })
})
