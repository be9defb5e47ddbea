import { HansaError } from '../../../../schema/errors.ts'

/** Ours have 64 characters. */
const MAX_VOUCHER = 256
const FORM = /^(basic|bearer) +([A-Za-z0-9+/._~-]{1,600}={0,2})$/i

/**
 * The voucher in an Authorization header: the password of HTTP Basic under whatever user name (RFC 7030 3.2.3), or a Bearer token. Undefined when there is no header.
 * Throws VOUCHER_INVALID.
 */
export function voucherIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const [, scheme = '', value = ''] = FORM.exec(header) ?? []
  const basic = Buffer.from(value, 'base64').toString('utf8')
  const voucher = scheme.toLowerCase() === 'bearer' ? value : basic.slice(basic.indexOf(':') + 1)
  if (voucher === '' || voucher.length > MAX_VOUCHER) throw new HansaError('VOUCHER_INVALID', 'the Authorization header has no voucher in it')
  return voucher
}
