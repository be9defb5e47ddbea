import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { startChild } from './frame/child-process.ts'
import { compare } from './frame/compare.ts'
import type { Report } from './frame/report.ts'

export const name = 'loopback'

const BODY = Buffer.alloc(1024, 'h')

/** The floor under every other figure: an echo of 1 KiB over a bare socket and over Node's own HTTP, server in a process of its own. */
export async function run(report: Report): Promise<void> {
  const tcp = await startChild('tcp server', new URL('./servers/tcp-echo.ts', import.meta.url))
  const http = await startChild('http server', new URL('./servers/http-echo.ts', import.meta.url))
  const socket = connect({ host: '127.0.0.1', port: Number(tcp.ready), noDelay: true })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    await once(socket, 'connect')
    await compare(report, [
      { name: 'tcp', processes: [tcp], call: () => echoTcp(socket) },
      { name: 'http', processes: [http], call: () => echoHttp(agent, Number(http.ready)) }
    ])
  } finally {
    socket.destroy()
    agent.destroy()
    await Promise.all([tcp.stop(), http.stop()])
  }
}

function echoTcp(socket: ReturnType<typeof connect>): Promise<void> {
  return new Promise((resolve, reject) => {
    let missing = BODY.length
    const onData = (bytes: Buffer): void => {
      missing -= bytes.length
      if (missing > 0) return
      socket.off('data', onData).off('error', reject)
      resolve()
    }
    socket.on('data', onData).on('error', reject).write(BODY)
  })
}

function echoHttp(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = request({ agent, host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': BODY.length } }, (response) => {
      let got = 0
      response.on('data', (bytes: Buffer) => (got += bytes.length))
      response.on('error', reject)
      response.on('end', () => (got === BODY.length ? resolve() : reject(new Error(`${got} bytes came back, not ${BODY.length}`))))
    })
    call.on('error', reject).end(BODY)
  })
}
