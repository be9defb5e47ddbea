/**
 * Object identifiers, dotted. The project has no enterprise number of its own yet: its arc lies below the one that RFC 5612 sets aside for
 * examples, which nobody else may use in earnest. Certificates live for days, so changing it later is a matter of one renewal.
 */
const HANSA = '1.3.6.1.4.1.32473.4357'

export const OIDS = {
  ed25519: '1.3.101.112',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  crlDistributionPoints: '2.5.29.31',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocspBasic: '1.3.6.1.5.5.7.48.1.1',
  ocspNonce: '1.3.6.1.5.5.7.48.1.2',
  commonName: '2.5.4.3',
  organizationName: '2.5.4.10',
  /**
   * SEQUENCE { version INTEGER (2), roles SEQUENCE OF UTF8String, scopes SEQUENCE OF UTF8String, organisation [0] UTF8String OPTIONAL, evidence [1] OCTET STRING
   * OPTIONAL }, tags implicit: what the holder of a certificate may be and do. Not critical: outside TLS stacks refuse unknown critical ones.
   */
  holder: `${HANSA}.1.1`
} as const
