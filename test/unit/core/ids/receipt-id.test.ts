import assert from 'node:assert/strict'
import { formatReceiptId, parseReceiptId } from '../../../../src/core/ids/receipt-id.ts'

const RANDOM = 'abcdefghijklmnopqrstuv'

describe('IDs of receipts', () => {
  it('name the gateway that has the message, in the domain of the agent', () => {
    const id = formatReceiptId(`${RANDOM}wxyz`, 'spiffe://south.example/aca/hub.one')
    assert.equal(id, `inbox-${RANDOM}.aca.hub.one`)
    assert.deepEqual(parseReceiptId(id, 'south.example'), { gateway: 'spiffe://south.example/aca/hub.one' })
  })

  for (const text of [
    '',
    'inbox-',
    `inbox-${RANDOM}`,
    `inbox-${RANDOM}.agw.`,
    `inbox-${RANDOM}.king.gw`,
    `inbox-${RANDOM}.agw.A`,
    `inbox-${RANDOM}x.agw.gw`,
    `task-${RANDOM}.agw.gw`,
    `inbox-${RANDOM}.agw.${'g'.repeat(200)}`
  ])
    it(`are not ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(parseReceiptId(text, 'south.example'), undefined))
})
