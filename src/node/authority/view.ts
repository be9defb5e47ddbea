import { readFile } from 'node:fs/promises'
import { isSealed } from '../../adapters/x509/sealed-key.ts'
import { parseCertificate } from '../../wire/x509/certificate.ts'
import { parseCrl } from '../../wire/x509/crl.ts'
import { decodePem } from '../../wire/x509/pem.ts'
import { fingerprint } from '../fingerprint.ts'
import type { HomePaths } from '../home/home-paths.ts'
import type { RootView } from './authority-desk.ts'
import { readAuthority } from './authority-files.ts'
import { certificateOf } from './certificate-of.ts'

/** The authority of a home as its operator sees it. */
export async function viewAuthority(paths: HomePaths, domain: string): Promise<RootView> {
  const { current, next, previous, retired, rollover } = await readAuthority(paths)
  const issuing = parseCertificate(certificateOf(current.issuingCert))
  return {
    domain,
    roots: [
      rootView('current', current.rootCert, current.rootCrl),
      ...(next === undefined ? [] : [rootView('next', next.rootCert, next.rootCrl)]),
      ...(previous === undefined ? [] : [rootView('previous', previous.rootCert, previous.rootCrl)])
    ],
    rootKey: await rootKeyState(paths),
    issuing: { serial: issuing.serial, notAfter: issuing.notAfter },
    retired: retired.map(({ issuingCert, at, until, issuingKey }) => ({
      serial: parseCertificate(certificateOf(issuingCert)).serial,
      ...{ at, until, hasKey: issuingKey !== undefined }
    })),
    ...(rollover === undefined ? {} : { rollover })
  }
}

/** Where the key of the root is. */
export async function rootKeyState(paths: HomePaths): Promise<RootView['rootKey']> {
  const text = await readFile(paths.aca.rootKey, 'utf8').catch(() => undefined)
  return text === undefined ? 'elsewhere' : isSealed(text) ? 'sealed' : 'open'
}

function rootView(use: RootView['roots'][number]['use'], cert: string, list?: string): RootView['roots'][number] {
  const root = certificateOf(cert)
  const [der] = list === undefined ? [] : decodePem('X509 CRL', list)
  const crl = der === undefined ? undefined : parseCrl(der)
  return {
    use,
    sha256: fingerprint(root),
    notAfter: parseCertificate(root).notAfter,
    ...(crl === undefined ? {} : { list: { number: crl.number, nextUpdate: crl.nextUpdate, revoked: crl.revoked.size } })
  }
}
