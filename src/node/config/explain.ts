import { type ConfigReading, type Origin } from './read-config.ts'
import { settings } from './settings.ts'

/** One line of `hansa config show`. */
export interface ExplainedSetting {
  readonly key: string
  readonly env: string
  /** As it would be written in config.yaml; null when it is not set. */
  readonly value: unknown
  readonly initial: unknown
  readonly origin: Origin
  readonly reason: string
  readonly expected: string
}

/** Every setting with its effective value, where that comes from and why the default is what it is. */
export function explain(reading: ConfigReading): ExplainedSetting[] {
  return settings.map((setting) => {
    const key = setting.path.join('.')
    return {
      key,
      env: setting.env,
      value: reading.written.get(key) ?? setting.initial ?? null,
      initial: setting.initial ?? null,
      origin: reading.origins.get(key) ?? { from: 'default' },
      reason: setting.description,
      expected: setting.expected
    }
  })
}
