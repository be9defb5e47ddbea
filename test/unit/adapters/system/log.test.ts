import assert from 'node:assert/strict'
import { createLog } from '../../../../src/adapters/system/log.ts'

function collect(settings: Parameters<typeof createLog>[0]): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = []
  return { lines, log: createLog(settings, { write: (line: string) => void lines.push(line) }, false) }
}

describe('log', () => {
  it('writes one JSON line per event with level, time, message and fields', () => {
    const { lines, log } = collect({ level: 'info', format: 'json' })
    log.child({ role: 'agw' }).info({ peer: '12D3' }, 'attached')
    log.debug({}, 'not shown')
    assert.equal(lines.length, 1)
    const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>
    assert.deepEqual(rest, { level: 'info', role: 'agw', peer: '12D3', message: 'attached' })
    assert.match(String(time), /^\d{4}-\d\d-\d\dT.*Z$/)
  })

  it('hides what has the name of a secret, two levels deep', () => {
    const { lines, log } = collect({ level: 'info', format: 'json' })
    log.info({ voucher: 'v1', request: { token: 't1', headers: { authorization: 'a1' } } }, 'x')
    assert.doesNotMatch(lines.join(''), /v1|t1|a1/)
    assert.match(lines.join(''), /\[secret\]/)
  })

  it('keeps the cause of an error', () => {
    const { lines, log } = collect({ level: 'info', format: 'json' })
    log.error({ error: new Error('outer', { cause: new Error('inner') }) }, 'failed')
    assert.match(lines.join(''), /outer.*inner/)
  })

  it('is readable for people, and a stranger cannot break its lines', () => {
    const { lines, log } = collect({ level: 'debug', format: 'pretty' })
    log.warn({ agent: 'a\nb', error: new TypeError('odd') }, 'said \u001b[31mred\nand more')
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d\.\d{3} WARN {2}said {1,2}\[31mred and more agent="a\\nb" error="TypeError: odd"\n$/)
  })

  it('is silent when asked to be', () => {
    const { lines, log } = collect({ level: 'silent', format: 'json' })
    log.error({}, 'x')
    assert.deepEqual(lines, [])
  })
})
