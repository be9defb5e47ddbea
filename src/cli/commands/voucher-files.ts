import type { AdminAnswer } from '../../admin/client.ts'
import { showTime } from '../show.ts'

type Voucher = AdminAnswer<'voucher'>

/** Where the operator says nothing and the node has no door. */
const NOWHERE = 'https://ADDRESS'

/** Directory URL of ACME (RFC 8555 7.1.1). */
export function acmeServer({ origin = NOWHERE }: Voucher): string {
  return `${origin}/acme/directory`
}

/** Where a machine enrols by EST (RFC 7030 4.2). */
export function estServer({ origin = NOWHERE }: Voucher): string {
  return `${origin}/.well-known/est/simpleenroll`
}

/**
 * What certbot reads as its configuration, lines for people in front: a secret on a command line is seen by every user of the machine. lego takes its secrets there alone, so
 * the line for it takes them out of the file.
 */
export function renderAcmeFile(made: Voucher): string[] {
  const server = acmeServer(made)
  const trusting = (variable: string): string => (made.roots === undefined ? '' : `${variable}="$PWD/roots.pem" `)
  const domains = made.dnsNames.map((name) => `--domains ${name} `).join('')
  // With an equals sign: one key in 64 begins with a hyphen, which looks like an option.
  const binding = `--eab --kid ${made.id} --hmac="$(sed -n 's/^eab-hmac-key = //p' certbot.ini)"`
  return [
    ...heading('certbot.ini', made),
    `#   ${trusting('REQUESTS_CA_BUNDLE')}certbot certonly --config certbot.ini`,
    `#   ${trusting('REQUESTS_CA_BUNDLE')}certbot renew`,
    '# or',
    `#   ${trusting('LEGO_CA_CERTIFICATES')}lego --server ${server} --accept-tos --email ${made.name}@${made.domain} --http ${domains}${binding} run`,
    `server = ${server}`,
    `eab-kid = ${made.id}`,
    `eab-hmac-key = ${made.eabKey}`,
    `domains = ${made.dnsNames.join(', ')}`,
    'key-type = ecdsa',
    'elliptic-curve = secp256r1',
    // No challenge follows, since the voucher has answered it; certbot wants to be told of a way nevertheless.
    'standalone = true',
    'agree-tos = true',
    'register-unsafely-without-email = true'
  ]
}

/** What curl reads as its configuration, lines for people in front. */
export function renderEstFile(made: Voucher): string[] {
  const { name } = made
  return [
    ...heading('est.conf', made),
    `#   openssl genpkey -algorithm ed25519 -out ${name}.key`,
    `#   openssl req -new -key ${name}.key -subj / -outform DER | openssl base64 -out request.b64`,
    '#   curl --config est.conf --data-binary @request.b64 --output answer.b64 || cat answer.b64',
    `#   openssl base64 -d -in answer.b64 | openssl pkcs7 -inform DER -print_certs -out ${name}.pem`,
    `url = "${estServer(made)}"`,
    `user = "${name}:${made.secret}"`,
    ...(made.roots === undefined ? [] : ['cacert = "roots.pem"']),
    'header = "Content-Type: application/pkcs10"',
    'header = "Content-Transfer-Encoding: base64"',
    'silent',
    'show-error',
    // Exit code 22, and the reason is in the answer.
    'fail-with-body'
  ]
}

function heading(file: string, { name, domain, roles, origin, roots, expiresAt }: Voucher): string[] {
  const host = new URL(origin ?? NOWHERE).hostname
  return [
    `# ${file}: a certificate of ${domain} for ${name} (${roles.join(', ')}), to be had until ${showTime(expiresAt)} by whoever has this file.`,
    `# ${host} must lead to the authority there, by DNS or by a line in /etc/hosts.`,
    ...(roots === undefined
      ? []
      : [
          "# What the authority is verified by is printed by 'hansa ca roots --pem' there. Over the net, only with the check:",
          `#   curl -sS -o roots.pem ${roots.url} && echo "${roots.sha256}  roots.pem" | sha256sum --check`
        ]),
    '# Then:'
  ]
}
