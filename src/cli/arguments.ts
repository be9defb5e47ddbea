import { InvalidArgumentError } from 'commander'
import { acceptDomain, acceptName, acceptRoles } from '../node/accept.ts'
import { parseDuration } from '../node/config/units.ts'

export type JsonDocument = string | number | boolean | null | JsonDocument[] | { [key: string]: JsonDocument }

/** Parsers of options and arguments; what they refuse is wrong usage (exit code 2). */

export function durationArgument(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0) throw new InvalidArgumentError('A duration such as 30s, 5m or 1h is wanted.')
  return ms
}

export function countArgument(max: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : 0
    if (count < 1 || count > max) throw new InvalidArgumentError(`A number from 1 to ${max} is wanted.`)
    return count
  }
}

function accepted<T>(accept: (text: string) => T | undefined, wanted: string): (text: string) => T {
  return (text) => {
    const value = accept(text)
    if (value === undefined) throw new InvalidArgumentError(wanted)
    return value
  }
}

export const domainArgument = accepted(acceptDomain, 'A lower-case domain name such as north.example is wanted.')
export const nameArgument = accepted(acceptName, '1 to 63 of a-z 0-9 . _ - are wanted.')
export const rolesArgument = accepted(acceptRoles, 'One or more of aca, ars, agw, agent are wanted, with commas between.')

/** Roles, given one by one or with commas between. */
export function repeatedRoles(text: string, before: readonly ReturnType<typeof rolesArgument>[number][] = []) {
  return [...before, ...rolesArgument(text)]
}

export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

/** Any JSON document; typed as what the admin client takes for one. */
export function jsonArgument(text: string): JsonDocument {
  try {
    return JSON.parse(text) as JsonDocument
  } catch {
    throw new InvalidArgumentError('JSON is wanted.')
  }
}

export function oneOfArgument(...values: readonly string[]): (text: string) => string {
  return (text) => {
    if (!values.includes(text)) throw new InvalidArgumentError(`One of ${values.join(', ')} is wanted.`)
    return text
  }
}
