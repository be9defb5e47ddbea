import assert from 'node:assert/strict'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { approverKeys, tokenVerifierOf } from '../../../src/node/authority-keys.ts'
import type { Home } from '../../../src/node/home/open-home.ts'

describe('keys that an operator has listed for the ACA', () => {
  let dir: string
  before(async () => (dir = await mkdtemp(join(tmpdir(), 'hansa-keys-'))))
  after(() => rm(dir, { recursive: true, force: true }))

  async function home(policy: { approvers?: Record<string, string>; authorities?: Record<string, string> }): Promise<Home> {
    const entries = async (files: Record<string, string> = {}): Promise<Record<string, string>> => {
      await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(dir, name), text)))
      return Object.fromEntries(Object.keys(files).map((name) => [name, name]))
    }
    const config = { ca: { policy: { approvers: await entries(policy.approvers), authorities: await entries(policy.authorities), oidc: {} } } }
    return { config, resolve: (path: string) => join(dir, path) } as unknown as Home
  }

  const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString()
  const ed25519 = () => generateKeyPairSync('ed25519')

  it('are Ed25519 public keys of approvers, one for each', async () => {
    const [a, b] = [pem(ed25519().publicKey), pem(ed25519().publicKey)]
    const keys = await approverKeys(await home({ approvers: { ann: a, bob: b } }))
    assert.deepEqual(
      [...keys].map(([name, key]) => [name, key.length]),
      [
        ['ann', 44],
        ['bob', 44]
      ]
    )
    await assert.rejects(approverKeys(await home({ approvers: { ann: a, bob: a } })), { code: 'CONFIG_INVALID', message: /same key/ })
  })

  it('are refused when they are of another kind, private, or nothing', async () => {
    const { privateKey } = ed25519()
    for (const text of [
      pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
      privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'nothing'
    ])
      await assert.rejects(approverKeys(await home({ approvers: { ann: text } })), { code: 'CONFIG_INVALID' })
  })

  it('of authorities are JWKS in files that are there', async () => {
    await tokenVerifierOf(await home({ authorities: { chamber: '{"keys":[]}' } }))
    await assert.rejects(tokenVerifierOf(await home({ authorities: { chamber: 'x' } })), { code: 'CONFIG_INVALID', message: /chamber/ })
    const missing = { ...(await home({})), resolve: () => join(dir, 'absent') }
    const config = { ...missing.config, ca: { ...missing.config.ca, policy: { ...missing.config.ca.policy, authorities: { chamber: 'absent' } } } }
    await assert.rejects(tokenVerifierOf({ ...missing, config } as Home), { code: 'CONFIG_INVALID', message: /cannot read/ })
  })
})
