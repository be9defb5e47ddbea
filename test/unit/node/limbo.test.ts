import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { readPathCases, runPathCase } from '../../../src/node/path-cases.ts'
import { limboFile } from '../../support/limbo.ts'

const file = limboFile()

describe('path validation: the cases of x509-limbo', () => {
  if (file === undefined) it.skip('are not beside this checkout (../shared/testdata/x509-limbo-agent-subset.json)')
  else {
    const cases = readPathCases(readFileSync(file, 'utf8'))
    for (const each of cases) {
      it(each.id, () => {
        const { got, want, reason } = runPathCase(each, Date.now())
        assert.equal(got, want, reason)
      })
    }
    it('are 159', () => assert.equal(cases.length, 159))
  }
})
