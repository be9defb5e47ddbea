import { readFile } from 'node:fs/promises'
import { HansaError } from '../../schema/errors.ts'
import { configError } from './problem.ts'
import { type ConfigReading, readConfig } from './read-config.ts'
import type { Config } from './schema.ts'

/** Reads the config of a home and the environment. Throws HOME_MISSING when the file is not there. */
export async function loadReading(file: string, env: Readonly<Record<string, string | undefined>> = process.env): Promise<ConfigReading> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new HansaError('HOME_MISSING', `there is no node home here: cannot read ${file}`, {}, cause)
  }
  return readConfig(text, file, env)
}

/** As loadReading, and throws CONFIG_INVALID naming file, line, column, key and what was expected. */
export async function loadConfig(file: string, env?: Readonly<Record<string, string | undefined>>): Promise<Config> {
  const reading = await loadReading(file, env)
  if (reading.config === undefined) throw configError(reading.problems)
  return reading.config
}
