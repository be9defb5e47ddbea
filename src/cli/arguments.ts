import { InvalidArgumentError } from 'commander'
import { z } from 'zod'
import { isDomain } from '../core/ids/domain.ts'
import { isRole, type Role, ROLES, sortRoles } from '../core/ids/role.ts'
import { isName } from '../core/ids/spiffe-id.ts'
import { parseDuration } from '../node/config/units.ts'

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

export function domainArgument(text: string): string {
  if (!isDomain(text)) throw new InvalidArgumentError('A lower-case domain name such as north.example is wanted.')
  return text
}

export function nameArgument(text: string): string {
  if (!isName(text)) throw new InvalidArgumentError('1 to 63 of a-z 0-9 . _ - are wanted.')
  return text
}

/** Comma-separated, or the option several times. */
export function rolesArgument(text: string, before: readonly Role[] = []): Role[] {
  const names = text.split(',').map((name) => name.trim())
  if (!names.every(isRole)) throw new InvalidArgumentError(`One or more of ${ROLES.join(', ')} are wanted.`)
  return sortRoles([...before, ...names])
}

export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

export function jsonArgument(text: string): z.core.util.JSONType {
  try {
    return z.json().parse(JSON.parse(text))
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
