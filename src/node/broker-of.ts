import { readFile } from 'node:fs/promises'
import { HansaError } from '../schema/errors.ts'
import type { Home } from './home/open-home.ts'

/** Where MQTT is spoken: a broker of the gateway's own, or one of the operator's with an account at it. */
export interface Broker {
  readonly broker: 'embedded' | URL
  readonly username?: string
  readonly password?: string
}

/** The broker that the config names; undefined for none. Throws CONFIG_INVALID for an address that is none, or a password file that cannot be read. */
export async function brokerOf(home: Home): Promise<Broker | undefined> {
  const { broker, username, password } = home.config.gateway.mqtt
  if (broker === 'none') return undefined
  if (broker === 'embedded') return { broker }
  const url = URL.parse(broker)
  if (url === null || !/^mqtts?:$/.test(url.protocol))
    throw new HansaError('CONFIG_INVALID', `gateway.mqtt.broker: embedded, none, or an mqtt: or mqtts: URL is wanted`)
  const secret = password === undefined ? undefined : await read(home.resolve(password))
  return { broker: url, ...(username === undefined ? {} : { username }), ...(secret === undefined ? {} : { password: secret }) }
}

async function read(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trimEnd()
  } catch (cause) {
    throw new HansaError('CONFIG_INVALID', `gateway.mqtt.password: cannot read ${file}`, { file }, cause)
  }
}
