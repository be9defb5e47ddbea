import type { Command } from 'commander'
import type { ExplainedSetting } from '../../node/config/explain.ts'
import { configError, formatProblem } from '../../node/config/problem.ts'
import { homePaths } from '../../node/home/home-paths.ts'
import { define, type Frame, group } from '../define.ts'
import { renderTable } from '../table.ts'

export function addConfig(program: Command, frame: Frame): void {
  const config = group(program, 'config', 'the settings of a node')

  define(config, frame, {
    name: 'check',
    summary: 'all problems with file, line and column',
    examples: ['config check --home ./north'],
    async run(session) {
      const file = homePaths(session.home).config
      const { loadReading } = await import('../../node/config/load-config.ts')
      const { unknownVariables } = await import('../../node/config/read-config.ts')
      const { problems } = await loadReading(file, session.env)
      const warnings = unknownVariables(session.env).map((name) => `${name} is no setting of Hansa`)
      session.out.result({ ok: problems.length === 0, file, problems, warnings }, (found) => [
        ...found.problems.map(formatProblem),
        ...found.warnings.map((warning) => `warning: ${warning}`),
        found.ok ? `${found.file}: ${session.out.style('green', 'ok')}` : `${found.problems.length} to correct`
      ])
      return problems.length === 0 ? 0 : 1
    }
  })

  define(config, frame, {
    name: 'show',
    summary: 'the effective config; --reasons says why each default is what it is',
    examples: ['config show', 'config show --reasons'],
    options: (command) => command.option('--reasons', 'with environment variable, reason and what is expected'),
    async run(session, _, options) {
      const { loadReading } = await import('../../node/config/load-config.ts')
      const { explain } = await import('../../node/config/explain.ts')
      const reading = await loadReading(homePaths(session.home).config, session.env)
      if (reading.config === undefined) throw configError(reading.problems)
      session.out.result({ settings: explain(reading) }, ({ settings }) =>
        options['reasons'] === true
          ? settings.flatMap((setting) => renderReason(setting))
          : renderTable(
              ['KEY', 'VALUE', 'FROM'],
              settings.map((setting) => [setting.key, showValue(setting.value), showOrigin(setting)])
            )
      )
    }
  })
}

function renderReason(setting: ExplainedSetting): string[] {
  return [
    `${setting.key}: ${showValue(setting.value)}  (${showOrigin(setting)})`,
    `    ${setting.reason}`,
    `    default ${showValue(setting.initial)}; expected ${setting.expected}; ${setting.env}`
  ]
}

function showValue(value: unknown): string {
  return value === null ? '-' : typeof value === 'string' ? value : JSON.stringify(value)
}

function showOrigin(setting: ExplainedSetting): string {
  if (setting.origin.from === 'file') return `line ${setting.origin.line}`
  return setting.origin.from === 'env' ? setting.env : 'default'
}
