import type { Command } from 'commander'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProgram } from '../src/cli/main.ts'
import { readWork } from '../src/node/task/read-work.ts'
import { readWorkflow } from '../src/node/task/read-workflow.ts'
import { SECTIONS } from './config/draft-sections.ts'

/** What a newcomer pastes first. */
const FIRST_COMMANDS = ['npm ci && npm run demo', 'npm ci && npm test']
const BLOCK = /^```(\w+)([^\n]*)\n([\s\S]*?)^```/gm
const BLOCK_TIMEOUT_S = 60
/** Never run from here: it would take the packages away from everything else that runs in this checkout. `.ci/run` does what these do, on a clone. */
const INSTALLS = /\bnpm (?:ci|i|install)\b/

/**
 * The README tells the truth: it has the first commands, its shell blocks parse, those marked `sh check` run (but for
 * those that install), the commands and options
 * it shows exist, and its conformance table has a row for each section of the draft.
 */
const readme = readFileSync('README.md', 'utf8')
const problems: string[] = []
const blocks = [...readme.matchAll(BLOCK)].map(([, language, mark = '', text = '']) => ({ language, run: mark.trim() === 'check', text }))
const shell = blocks.filter(({ language }) => language === 'sh')
const lines = shell.flatMap(({ text }) => text.replace(/\\\n\s*/g, ' ').split('\n')).map((line) => line.replace(/\s+#.*$/, '').trim())

for (const wanted of FIRST_COMMANDS) if (!lines.includes(wanted)) problems.push(`no shell block has the line '${wanted}'`)
const clean = lines.filter((line) => line.startsWith('npm ci'))
if (clean.length !== FIRST_COMMANDS.length) problems.push(`${clean.length} lines begin with npm ci; there are exactly ${FIRST_COMMANDS.length} first commands`)

const program = createProgram({
  context: {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: {},
    signal: AbortSignal.abort(),
    host: () => Promise.reject(new Error('only the command tree is read'))
  },
  exitCode: 0
})
let commands = 0
for (const line of lines) {
  for (const [, words = ''] of line.matchAll(/(?:^|[|;&(=]\s*|\bnpx )hansa ([^|;&)>]*)/g)) {
    commands++
    const problem = problemOf(words.trim().split(/\s+/))
    if (problem !== undefined) problems.push(`hansa ${words.trim()}: ${problem}`)
  }
}

/** Walks the command tree along the words; undefined when command and options exist. */
function problemOf(words: readonly string[]): string | undefined {
  let command: Command = program
  for (const word of words) {
    const child = command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word))
    const option = /^(--[\w-]+)/.exec(word)?.[1]
    if (child !== undefined) command = child
    else if (option !== undefined && option !== '--help' && option !== '--version' && !command.options.some(({ long }) => long === option))
      return `no option ${option}`
    else if (command.commands.length > 0 && option === undefined && !word.startsWith('-')) return `no command ${word}`
  }
  return undefined
}

let ran = 0
for (const { text, run } of shell) {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
  if (status !== 0) problems.push(`a shell block does not parse: ${stderr.trim()}`)
  else if (run && !INSTALLS.test(text)) {
    ran++
    const folder = mkdtempSync(join(tmpdir(), 'hansa-readme-'))
    const result = spawnSync('timeout', ['--kill-after', '5', String(BLOCK_TIMEOUT_S), 'bash', '-euo', 'pipefail'], {
      input: text,
      encoding: 'utf8',
      env: { ...process.env, HANSA_HOME: join(folder, 'home') }
    })
    if (result.status !== 0) problems.push(`a block marked check fails:\n${text}${result.stderr}`)
    rmSync(folder, { recursive: true, force: true })
  }
}

// A workflow that is shown is one.
const workflows = blocks.filter(({ language, text }) => language === 'yaml' && /^steps:/m.test(text))
for (const { text } of workflows) {
  try {
    readWorkflow(readWork({ source: text, file: 'README.md' }))
  } catch (error) {
    problems.push(`a workflow cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const rows = new Set([...readme.matchAll(/^\|\s*`?(\d+(?:\.\d+)+)\b/gm)].map(([, section]) => section))
for (const [section, title] of Object.entries(SECTIONS)) if (!rows.has(section)) problems.push(`the conformance table has no row for ${section} ${title}`)

for (const problem of problems) console.error(problem)
console.log(
  `README: ${shell.length} shell blocks, ${ran} run, ${commands} hansa commands, ${workflows.length} workflows, ${rows.size} conformance rows, ${problems.length} problems`
)
process.exitCode = problems.length === 0 ? 0 : 1
