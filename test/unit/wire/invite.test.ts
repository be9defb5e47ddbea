import assert from 'node:assert/strict'
import { formatInvite, MAX_INVITE_CHARACTERS, parseInvite } from '../../../src/wire/invite.ts'
import { generateSwarmKey } from '../../../src/node/home/swarm-key.ts'

const invite = {
  domain: 'north.example',
  swarmKey: generateSwarmKey(),
  bootstrap: ['/ip4/192.0.2.1/tcp/4001/p2p/12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'],
  rootSha256: new Uint8Array(32).fill(7),
  roles: ['agent'],
  name: 'flight',
  voucher: 'abcDEF123',
  roots: [new Uint8Array(500).fill(1)],
  expiresAt: 1_800_000_000_000n
}

function fails(text: string, why: RegExp): void {
  assert.throws(
    () => parseInvite(text),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'VOUCHER_INVALID')
      assert.match(error.message, why)
      return true
    }
  )
}

describe('invite', () => {
  it('comes back as it was made', () => {
    const text = formatInvite(invite)
    assert.match(text, /^hansa-invite:[A-Za-z0-9_-]+$/)
    const parsed = parseInvite(text)
    assert.deepEqual(
      [parsed.domain, parsed.swarmKey, parsed.bootstrap, parsed.rootSha256, parsed.grantedRoles, parsed.name, parsed.voucher, parsed.roots, parsed.expiresAt],
      [invite.domain, invite.swarmKey, invite.bootstrap, invite.rootSha256, ['agent'], invite.name, invite.voucher, invite.roots, invite.expiresAt]
    )
    assert.equal(parsed.kind, 'node')
  })

  it('survives being pasted with line breaks and spaces', () => {
    const text = formatInvite(invite)
    assert.equal(parseInvite(`\n  ${text.replace(/(.{60})/g, '$1\r\n  ')}\n`).voucher, invite.voucher)
  })

  it('without a voucher is one for the founder of another domain', () => {
    assert.equal(parseInvite(formatInvite({ ...invite, voucher: '', roles: [] })).kind, 'swarm')
  })

  it('that was cut anywhere is refused', () => {
    const text = formatInvite(invite)
    for (let length = 0; length < text.length; length += 7) assert.throws(() => parseInvite(text.slice(0, length)), { code: 'VOUCHER_INVALID' }, `${length}`)
  })

  for (const [what, changed, why] of [
    ['a domain that is none', { domain: 'North' }, /domain/],
    ['a swarm key of another form', { swarmKey: 'secret' }, /swarm key/],
    ['a short fingerprint', { rootSha256: new Uint8Array(31) }, /32 bytes/],
    ['an address that is none', { bootstrap: ['http://x'] }, /multiaddr/],
    ['an address with a line break', { bootstrap: ['/ip4/1.2.3.4\n/tcp/1'] }, /multiaddr/],
    ['too many addresses', { bootstrap: Array.from({ length: 33 }, () => '/ip4/1.2.3.4/tcp/1') }, /more than 32/],
    ['too many roots', { roots: Array.from({ length: 9 }, () => new Uint8Array(1)) }, /more than 8/],
    ['an endless root', { roots: [new Uint8Array(4097)] }, /no certificate/],
    ['a role that does not exist', { roles: ['boss'] }, /role/],
    ['a name that is a path', { name: '../x' }, /name/],
    ['a voucher with spaces', { voucher: 'a b' }, /voucher/],
    ['a voucher for nothing', { roles: [] }, /no role/],
    ['neither voucher nor root', { voucher: '', roots: [] }, /neither/],
    ['an end before time', { expiresAt: -1n }, /date/]
  ] as const)
    it(`with ${what} is refused`, () => fails(formatInvite({ ...invite, ...changed } as typeof invite), why))

  it('of another kind of text is refused', () => {
    fails('', /does not begin with/)
    fails('hansa-invite:', /cut short/)
    fails('hansa-invite:!!!!', /cut short/)
    fails('hansa-invite:AAAA', /cut short|version/)
    fails(formatInvite(invite) + '=', /cut short/)
  })

  it('of a later version is refused by its number', () => {
    // Field 1, varint 2.
    fails('hansa-invite:CAI', /version is 2, this node knows 1/)
  })

  it('that is endless is refused before it is read', () => fails('hansa-invite:' + 'A'.repeat(MAX_INVITE_CHARACTERS), /are the most/))

  it('never shows its secrets in a refusal', () => {
    assert.throws(
      () => parseInvite(formatInvite({ ...invite, name: '../x' })),
      (error: Error) => !JSON.stringify(error.message).includes(invite.voucher)
    )
  })
})
