import { hex } from './hex.ts'

/** A curve y^2 = x^3 - 3x + b over the integers modulo p (FIPS 186-5, SP 800-186 3.2.1). */
export interface Curve {
  readonly p: bigint
  readonly b: bigint
}

export const P256: Curve = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn
}

export const P384: Curve = {
  p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
  b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn
}

/** True when both coordinates (x, then y, big-endian, of equal length) are below p and the point is on the curve. */
export function isOnCurve({ p, b }: Curve, point: Uint8Array): boolean {
  const half = point.length / 2
  const x = BigInt(`0x${hex(point.subarray(0, half))}`)
  const y = BigInt(`0x${hex(point.subarray(half))}`)
  return x < p && y < p && (y * y - (x * x * x - 3n * x + b)) % p === 0n
}
