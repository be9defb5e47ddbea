import type { z } from 'zod'
import { configSchema } from './schema.ts'
import { noteOf, type SettingNote } from './setting.ts'

/** One key of config.yaml. */
export interface Setting extends SettingNote {
  readonly path: readonly string[]
  /** Environment variable that overrides it: HANSA_GATEWAY_INTRA_DOMAIN for gateway.intraDomain. */
  readonly env: string
  /** As it would be written in the file; undefined when there is none. */
  readonly initial: unknown
  readonly schema: z.core.$ZodType
}

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  const def = (schema as z.core.$ZodTypes)._zod.def
  if (def.type === 'object') return def.shape
  return def.type === 'prefault' ? shapeOf(def.innerType) : undefined
}

function initialOf(schema: z.core.$ZodType): unknown {
  const def = (schema as z.core.$ZodTypes)._zod.def
  return def.type === 'prefault' ? def.defaultValue : undefined
}

function envName(path: readonly string[]): string {
  return ['hansa', ...path].map((part) => part.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()).join('_')
}

function* walk(schema: z.core.$ZodType, path: readonly string[]): Generator<Setting> {
  const note = noteOf(schema)
  if (note !== undefined) yield { ...note, path, env: envName(path), initial: initialOf(schema), schema }
  else for (const [key, child] of Object.entries(shapeOf(schema) ?? {})) yield* walk(child, [...path, key])
}

/** Every setting, in the order of the file. */
export const settings: readonly Setting[] = [...walk(configSchema, [])]

/** True for a key that holds other keys: swarm, ca.lifetimes. */
export function isSection(path: readonly string[]): boolean {
  return settings.some((setting) => setting.path.length > path.length && path.every((key, index) => setting.path[index] === key))
}

/** The setting at or above a path: that of trust.domains for trust.domains.north.example. */
export function settingAt(path: readonly PropertyKey[]): Setting | undefined {
  return settings.find((setting) => setting.path.length <= path.length && setting.path.every((key, index) => path[index] === key))
}
