import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { childReady } from '../frame/child-side.ts'

const server = createServer((request, response) => request.pipe(response))
server.listen(0, '127.0.0.1', () => childReady(String((server.address() as AddressInfo).port)))
