import type { Log } from '../../../src/ports/log.ts'

/** Keeps what was logged, for tests that ask. */
export class MemoryLog implements Log {
  readonly entries: { readonly level: string; readonly fields: object; readonly message: string }[] = []

  debug(fields: object, message: string): void {
    this.entries.push({ level: 'debug', fields, message })
  }

  info(fields: object, message: string): void {
    this.entries.push({ level: 'info', fields, message })
  }

  warn(fields: object, message: string): void {
    this.entries.push({ level: 'warn', fields, message })
  }

  error(fields: object, message: string): void {
    this.entries.push({ level: 'error', fields, message })
  }

  child(): Log {
    return this
  }
}
