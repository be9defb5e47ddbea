import assert from 'node:assert/strict'
import { explain } from '../../../../src/node/config/explain.ts'
import { readConfig } from '../../../../src/node/config/read-config.ts'
import { settings } from '../../../../src/node/config/settings.ts'

describe('explanation of the config', () => {
  it('says of every setting where its value comes from', () => {
    const reading = readConfig('domain: north.example\nname: gw1\nroles: [agw]\n', 'config.yaml', { HANSA_LOG_LEVEL: 'debug' })
    const byKey = new Map(explain(reading).map((setting) => [setting.key, setting]))
    assert.deepEqual(byKey.get('name')?.origin, { from: 'file', line: 2 })
    assert.deepEqual([byKey.get('log.level')?.value, byKey.get('log.level')?.origin], ['debug', { from: 'env' }])
    assert.deepEqual([byKey.get('data')?.value, byKey.get('data')?.origin], ['data', { from: 'default' }])
  })

  it('has a reason, an expectation and a variable of its own for every setting', () => {
    assert.ok(settings.length > 30)
    for (const setting of settings) {
      assert.match(setting.description, /\.$/, setting.env)
      assert.notEqual(setting.expected, '', setting.env)
    }
    assert.equal(new Set(settings.map((setting) => setting.env)).size, settings.length)
  })

  it('has a default for everything but who the node is, where others reach its door, what its agent is, and files and accounts that only an operator has', () => {
    const without = settings.filter((setting) => setting.initial === undefined).map((setting) => setting.path.join('.'))
    assert.deepEqual(without, [
      ...['domain', 'name', 'roles', 'gateway.announce', 'gateway.tls.certificate', 'gateway.tls.key', 'gateway.mqtt.username', 'gateway.mqtt.password'],
      ...['gateway.language.libretranslate.url', 'gateway.language.libretranslate.key', 'gateway.language.chat.url', 'gateway.language.chat.key'],
      ...['ca.url', 'agent.name', 'agent.card', 'agent.mapping']
    ])
  })
})
