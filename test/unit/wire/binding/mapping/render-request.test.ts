import assert from 'node:assert/strict'
import type { JsonValue } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { HansaError } from '../../../../../src/schema/errors.ts'
import { renderHttp } from '../../../../../src/wire/binding/mapping/render-request.ts'
import { scopeOf } from '../../../../../src/wire/binding/mapping/scope.ts'
import { mappingOf, refusedWith, said } from '../../../../support/mapped.ts'

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const BASE = new URL('http://service.test:8080/api/')

const YAML = `
secrets: { token: { env: TOKEN } }
patterns: ['(?<nights>\\d+) nights in (?<city>\\p{L}+)']
inputs:
  nights: { from: /data/nights, type: integer, required: true }
  city: { from: [/data/city, /data/town], type: text, default: Berlin }
  paid: { from: /data/paid, type: boolean }
http:
  method: PUT
  url: /hotels/{{/inputs/city}}/b {{/contextId}}/{{/data/id?}}x
  query: { n: '{{/inputs/nights}}', who: '{{/principal}}', note: '{{/data/note?}}' }
  headers: { Authorization: 'Bearer {{/secrets/token}}', x-note: 'n {{/data/note?}}' }
  body:
    nights: '{{/inputs/nights}}'
    say: 'He said: "{{/text}}"'
    guests: '{{/data/guests?}}'
    paid: '{{/inputs/paid?}}'
    fixed: [1, true, null]
`
const CONTEXT = { principal: 'spiffe://a.test/agent/x', contextId: 'c1', taskId: 't1' }
const rendered = async (text: string, data?: JsonValue, yaml = YAML) => {
  const { route, scope } = scopeOf(await mappingOf(yaml, { TOKEN: 's3cret' }), said(text, data), CONTEXT)
  assert.equal(route.kind, 'http')
  return renderHttp(route, BASE, scope)
}

describe(`wire/binding/mapping: what a service is asked (seed ${seed})`, () => {
  it('values keep their type, each encoded for its place', async () => {
    const request = await rendered('2 nights in Köln "now"', { guests: [{ name: 'A' }], note: 'a&b=c', paid: 'true' })
    assert.equal(request.url.href, 'http://service.test:8080/api/hotels/K%C3%B6ln/b%20c1/x?n=2&who=spiffe%3A%2F%2Fa.test%2Fagent%2Fx&note=a%26b%3Dc')
    assert.equal(request.method, 'PUT')
    assert.equal(request.headers['authorization'], 'Bearer s3cret')
    assert.deepEqual(JSON.parse(request.body ?? ''), {
      nights: 2,
      say: 'He said: "2 nights in Köln "now""',
      guests: [{ name: 'A' }],
      paid: true,
      fixed: [1, true, null]
    })
  })

  it('data parts go before the text, and defaults come last', async () => {
    assert.match((await rendered('2 nights in Köln', { nights: 5, town: 'Rome' })).url.href, /hotels\/Rome.*n=5/)
    assert.match((await rendered('hello', { nights: 5 })).url.href, /hotels\/Berlin/)
  })

  it('a missing or wrong input is named', async () => {
    await assert.rejects(rendered('a room please'), refusedWith('INVALID_ARGUMENT', /^nights is missing/))
    await assert.rejects(rendered('x', { nights: 1.5 }), refusedWith('INVALID_ARGUMENT', /nights should be a whole number/))
    await assert.rejects(rendered('x', { nights: 1, note: { deep: 1 } }), refusedWith('INVALID_ARGUMENT', /\/data\/note is not a text/))
  })

  it('nothing in a value leaves its place: headers, path, host', async () => {
    await assert.rejects(rendered('x', { nights: 1, note: 'a\r\nx-evil: 1' }), refusedWith('INVALID_ARGUMENT', /one line/))
    for (const city of ['..', '.', '']) await assert.rejects(rendered('x', { nights: 1, city }), refusedWith('INVALID_ARGUMENT', /cannot stand in a path/))
    for (const city of ['../../admin', '%2e%2e', 'a/../b', '//evil.test', '@evil.test', 'x?y=1#z', '\\evil', 'a\tb\nc']) {
      const { url } = await rendered('x', { nights: 1, city })
      assert.equal(url.origin, BASE.origin)
      assert.equal(url.pathname, `/api/hotels/${encodeURIComponent(city)}/b%20c1/x`)
      assert.equal(url.searchParams.get('n'), '1')
    }
  })

  it('whatever is inserted: one origin, one path, JSON that says exactly it', async () => {
    const mapping = await mappingOf(`http: { url: '/a/{{/text}}/z', query: { q: '{{/text}}' }, body: { t: 'pre {{/text}}', whole: '{{/text}}' } }`)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 30 }),
          fc.string({ unit: fc.constantFrom('.', '/', '\\', '%', '2', 'e', '?', '#', '@', ':', '\r', '\n', '"', '{', '}') })
        ),
        (text) => {
          const message = said('x')
          message.parts = message.parts.map((part) => ({ ...part, content: { case: 'text', value: text } }))
          const { route, scope } = scopeOf(mapping, message, CONTEXT)
          assert.equal(route.kind, 'http')
          try {
            const { url, body } = renderHttp(route, BASE, scope)
            assert.equal(url.origin, BASE.origin)
            assert.deepEqual(url.pathname.split('/').map(decodeURIComponent), ['', 'api', 'a', text, 'z'])
            assert.deepEqual([...url.searchParams], [['q', text]])
            assert.deepEqual(JSON.parse(body ?? ''), { t: `pre ${text}`, whole: text })
          } catch (thrown) {
            assert.ok(thrown instanceof HansaError && thrown.code === 'INVALID_ARGUMENT', String(thrown))
          }
        }
      ),
      { seed, numRuns: 1_000 }
    )
  })
})
