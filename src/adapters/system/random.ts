import { randomBytes } from 'node:crypto'

/** 0 up to 1, unpredictable: spreads what would otherwise happen at one moment. */
export function random(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32
}
