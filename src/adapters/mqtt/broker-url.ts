import { HansaError } from '../../schema/errors.ts'

/** Ports that MQTT has when a URL says none (IANA). */
const PORTS: Readonly<Record<string, string>> = { 'mqtt:': '1883', 'mqtts:': '8883' }

/** The broker of an mqtt: or mqtts: URL, without path, user and password; brokers are the same when this is. Throws INVALID_ARGUMENT. */
export function brokerOf(url: URL): string {
  const port = PORTS[url.protocol]
  if (port === undefined || url.hostname === '') throw new HansaError('INVALID_ARGUMENT', `not the URL of an MQTT broker: ${url.protocol}//${url.host}`)
  return `${url.protocol}//${url.hostname}:${url.port === '' ? port : url.port}`
}
