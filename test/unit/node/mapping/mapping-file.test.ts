import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { scopeOf } from '../../../../src/wire/binding/mapping/scope.ts'
import { HOTEL_DESCRIPTORS } from '../../../support/hotel-proto.ts'
import { mappingOf, refusedWith, said } from '../../../support/mapped.ts'

const DESCRIPTORS = { 'hotel.binpb': readFileSync(HOTEL_DESCRIPTORS) }

describe('node/mapping: the file', () => {
  for (const [what, yaml, why] of [
    ['nothing in it', '', /:1:1: expected http, grpc or skills/],
    ['no YAML', 'http: [', /:\d+:\d+: not YAML/],
    ['an unknown key', 'http: { url: /x }\nretries: 3', /:2:1: retries: unknown key/],
    ['a host in a template', "http:\n  url: 'http://{{/text}}/x'", /:2:3: http\.url: .*host written out/],
    ['dots in the path', 'http: { url: /a/../b }', /http\.url: a path without/],
    ['a user in the host', "http: { url: 'http://a@b/x' }", /http\.url/],
    ['a pointer to nothing', 'http:\n  url: /x\n  body:\n    a: "{{/dta/x}}"', /:3:3: http\.body: \/dta\/x points to nothing/],
    ['an undeclared input', "http: { url: '/{{/inputs/x}}' }", /\/inputs\/x is not an input/],
    ['an undeclared secret', "http: { url: /x, headers: { a: '{{/secrets/x}}' } }", /http\.headers\.a: \/secrets\/x is not a secret/],
    ['all secrets at once', "secrets: { t: { env: T } }\nhttp: { url: /x, body: '{{/secrets}}' }", /is not a secret/],
    ['a secret that is not there', 'secrets:\n  x: { env: NOWHERE }\nhttp: { url: /x }', /:2:3: secrets\.x: the environment has no NOWHERE/],
    ['a secret written out', 'secrets: { x: hunter2 }\nhttp: { url: /x }', /secrets\.x/],
    ['a reserved header', 'http: { url: /x, headers: { Host: a } }', /Host.*not for a mapping/],
    ['a pattern with a backreference', "patterns: ['(a)\\1']\nhttp: { url: /x }", /:1:\d+: patterns\.0: not understood/],
    ['a group that is no input', "patterns: ['(?<a>x)']\nhttp: { url: /x }", /the group a is not an input/],
    ['a body with GET', 'http: { method: GET, url: /x, body: {} }', /a GET has no body/],
    ['gRPC without descriptors', 'grpc: { service: a.B, method: C }', /needs descriptors/],
    ['a service that is not there', 'descriptors: hotel.binpb\ngrpc: { service: a.B, method: C }', /:2:\d+: grpc\.service: is not in/],
    ['a streaming method', 'descriptors: hotel.binpb\ngrpc: { service: hotel.v1.Hotel, method: Watch }', /grpc\.method: is not unary/],
    ['descriptors that are none', 'descriptors: mapping.yaml\nhttp: { url: /x }', /descriptors: .*FileDescriptorSet/],
    ['aliases', 'a: &x 1\nb: *x', /aliases/],
    ['a template that does not end', "http: { url: /x, body: '{{/text' }", /\{\{/],
    ['an error code that is none', 'http: { url: /x, errors: { 404: { code: GONE } } }', /http\.errors\.404\.code/],
    ['a wrong duration', 'timeout: 30\nhttp: { url: /x }', /:1:1: timeout/]
  ] as const)
    it(`refuses ${what}, saying where`, () => assert.rejects(mappingOf(yaml, { T: 't' }, DESCRIPTORS), refusedWith('CONFIG_INVALID', why)))

  it('chooses the skill by name, then by its pattern, then what is for all', async () => {
    const yaml = `
skills:
  book: { match: '\\bbook\\b', http: { url: /book } }
  cancel: { match: '\\bcancel\\b', http: { url: /cancel } }
`
    const context = { principal: 'p', contextId: 'c', taskId: 't' }
    const pathOf = async (more: string, ...message: Parameters<typeof said>) => {
      const { route } = scopeOf(await mappingOf(yaml + more), said(...message), context)
      return route.kind === 'http' ? route.path.flat().join('') : ''
    }
    assert.equal(await pathOf('', 'please book'), 'book')
    assert.equal(await pathOf('', 'please book', undefined, { metadata: { skillId: 'cancel' } }), 'cancel')
    assert.equal(await pathOf('', 'x', { skill: 'cancel' }), 'cancel')
    assert.equal(await pathOf('http: { url: /other }', 'hello'), 'other')
    await assert.rejects(pathOf('', 'hello'), refusedWith('INVALID_ARGUMENT', /no skill fits.*book, cancel/))
  })
})
