import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readCsv } from '../../../../src/adapters/language/read-csv.ts'
import { readTmx } from '../../../../src/adapters/language/read-tmx.ts'
import type { Unit } from '../../../../src/adapters/language/unit.ts'
import { UnitFiles } from '../../../../src/adapters/language/unit-files.ts'
import { FakeClock } from '../../../support/fake-clock.ts'

const tmx = (body: string, before = ''): string => `<?xml version="1.0"?>${before}<tmx version="1.4"><header/><body>${body}</body></tmx>`
const tu = (en: string, zh: string): string => `<tu><tuv xml:lang="en"><seg>${en}</seg></tuv><tuv xml:lang="zh"><seg>${zh}</seg></tuv></tu>`
const plain = (units: readonly Unit[]): object[] => units.map((unit) => Object.fromEntries(unit))
const refused = { code: 'CONFIG_INVALID' }

describe('TMX', () => {
  it('is read with its attributes, entities, comments and inline codes', async () => {
    const text = tmx(
      `<!-- <tu>no</tu> --><tu tuid="1"><note>n</note><tuv xml:lang="en"><seg>Tea &amp; caf&#233; <hi>for</hi> <ph x="1">{n}</ph></seg></tuv><tuv lang="zh"><seg><![CDATA[茶]]></seg></tuv></tu>`,
      '<!DOCTYPE tmx SYSTEM "tmx14.dtd">'
    )
    assert.deepEqual(plain(await readTmx(text)), [{ en: 'Tea & café for {n}', zh: '茶' }])
  })

  it('that grows by its own entities is refused', async () => {
    const laughs = '<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    await assert.rejects(readTmx(tmx(tu('&b;', 'x'), laughs)), refused)
    await assert.rejects(readTmx(tmx(tu('x', 'y'), '<!DOCTYPE tmx [<!ENTITY f SYSTEM "file:///etc/passwd">]>')), refused)
    const [unit] = await readTmx(tmx(tu('&nothing;', 'y')))
    assert.equal(unit?.get('en'), '&nothing;')
  })

  it('that is not whole, not well-formed, too deep or too large is refused', async () => {
    for (const text of [
      '',
      'no xml',
      '<tmx><body>',
      '<html><body></body></html>',
      tmx('<tu><tuv>'),
      tmx('<tu><tuv></seg></tu>'),
      tmx('<!-- '),
      tmx(`<tu>${'<p>'.repeat(5000)}</tu>`)
    ])
      await assert.rejects(readTmx(text), refused, text.slice(0, 60))
    await assert.rejects(readTmx(tmx('<tu></tu>'.repeat(1_000_000))), refused)
  }).timeout(60_000)
})

describe('CSV', () => {
  it('has languages in its first line', () => {
    assert.deepEqual(plain(readCsv('en,zh,es\n"a, b",甲,\n,乙,c\n')), [
      { en: 'a, b', zh: '甲' },
      { zh: '乙', es: 'c' }
    ])
  })

  it('without them, or broken, is refused', () => {
    for (const text of ['', 'source,target text\na,b', 'en,zh\n"a,b', `en,zh\n"${'x'.repeat(1_000_000)}",b`])
      assert.throws(() => readCsv(text), refused, text.slice(0, 30))
  })
})

describe('files of translations', () => {
  let dir: string
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hansa-units-'))
  })
  after(() => rm(dir, { recursive: true, force: true }))

  it('take effect when they are replaced, and stay as they were when the replacement is broken, which is told once', async () => {
    const file = join(dir, 'a.tmx')
    await writeFile(file, tmx(tu('one', '一')))
    const told: string[] = []
    const note = (_: object, message: string): void => void told.push(message)
    const log = { debug: note, info: note, warn: note, error: note, child: () => log }
    let units: readonly Unit[] = []
    const files = new UnitFiles([file], { key: 'k', least: 2, onUnits: (all) => (units = all) }, { clock: new FakeClock(), log })
    await files.start()
    assert.deepEqual(plain(units), [{ en: 'one', zh: '一' }])

    await writeFile(file, tmx(tu('one two', '一二')))
    await files.look()
    assert.deepEqual([plain(units), files.version], [[{ en: 'one two', zh: '一二' }], 2])

    await writeFile(file, Buffer.from([0xff, 0xfe, 0xfd]))
    await files.look()
    await files.look()
    await rm(file)
    await files.look()
    assert.deepEqual(plain(units), [{ en: 'one two', zh: '一二' }])
    assert.equal(told.length, 3)
    files.stop()
  })

  it('that are not there at the start are refused by name', async () => {
    const file = join(dir, 'none.tmx')
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
    await assert.rejects(new UnitFiles([file], { key: 'k', least: 2, onUnits: () => undefined }, { clock: new FakeClock(), log }).start(), {
      ...refused,
      metadata: { file }
    })
  })
})
