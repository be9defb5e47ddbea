import assert from 'node:assert/strict'
import type { Verdict } from '../../src/ports/pubsub.ts'
import { MAX_GOSSIP_BYTES, TOPICS } from '../../src/wire/topics.ts'
import { type TestNode, type Transport, transports } from '../support/memory/transports.ts'

for (const { name, make } of transports) {
  describe(`port pubsub over ${name}`, () => {
    let transport: Transport

    beforeEach(() => {
      transport = make()
    })
    afterEach(() => transport.stop())

    /** Nodes in a line: each is connected only with the next. */
    async function line(count: number, validate: (data: Uint8Array, node: number) => Verdict = () => 'accept') {
      const nodes: TestNode[] = []
      const received: { readonly node: number; readonly text: string; readonly from: string }[] = []
      for (let i = 0; i < count; i++) {
        const node = await transport.join()
        node.pubsub.subscribe(
          TOPICS.sync,
          (data) => validate(data, i),
          (data, from) => received.push({ node: i, text: Buffer.from(data).toString(), from })
        )
        nodes.push(node)
      }
      for (const [i, node] of nodes.entries())
        await node.network.dial(nodes[i + 1]?.network.addresses()[0] ?? node.network.addresses()[0] ?? '').catch(() => {})
      return { nodes, received }
    }

    async function publishUntil(node: TestNode, text: string, done: () => boolean): Promise<void> {
      // Gossip is best effort, and subscriptions take a moment to spread: say it again until it arrives.
      await transport.until(async () => {
        if (!done()) await node.pubsub.publish(TOPICS.sync, Buffer.from(text))
        await transport.pass(100)
        return done()
      })
    }

    it('carries a message over nodes in between, to everybody but its sender, with the name of who said it', async () => {
      const { nodes, received } = await line(3)
      const [first] = nodes
      assert.ok(first)
      await publishUntil(first, 'hello', () => received.some(({ node }) => node === 2))
      assert.ok(received.every(({ node, text, from }) => node !== 0 && text === 'hello' && from === first.peer))
    })

    it('delivers and forwards only what the validator accepts', async () => {
      const { nodes, received } = await line(3, (data, node) => (node === 1 && Buffer.from(data).toString().startsWith('bad') ? 'reject' : 'accept'))
      const [first] = nodes
      assert.ok(first)
      for (let i = 0; i < 3; i++) {
        await first.pubsub.publish(TOPICS.sync, Buffer.from(`bad ${i}`))
        await transport.pass(50)
      }
      await publishUntil(first, 'ok', () => received.some(({ node }) => node === 2)).catch(() => {
        // Three rejected messages may have cost the sender its place; nothing bad may have come through either way.
      })
      assert.deepEqual(
        received.filter(({ text }) => text.startsWith('bad')),
        []
      )
    })

    it('takes a validator that throws as one that ignores', async () => {
      const { nodes, received } = await line(2, (data) => {
        if (Buffer.from(data).toString() === 'odd') throw new Error('cannot read this')
        return 'accept'
      })
      const [first] = nodes
      assert.ok(first)
      await first.pubsub.publish(TOPICS.sync, Buffer.from('odd'))
      await publishUntil(first, 'ok', () => received.length > 0)
      assert.ok(received.every(({ text }) => text === 'ok'))
    })

    it('refuses to publish above the bound, and does not mind when nobody listens', async () => {
      const node = await transport.join()
      await assert.rejects(node.pubsub.publish(TOPICS.crl, new Uint8Array(MAX_GOSSIP_BYTES + 1)), { code: 'INVALID_ARGUMENT' })
      assert.equal(await node.pubsub.publish(TOPICS.crl, new Uint8Array(MAX_GOSSIP_BYTES)), 0)
    })
  })
}
