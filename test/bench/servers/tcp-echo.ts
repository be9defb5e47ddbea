import { createServer, type AddressInfo } from 'node:net'
import { childReady } from '../frame/child-side.ts'

const server = createServer({ noDelay: true }, (socket) => socket.on('error', () => socket.destroy()).pipe(socket))
server.listen(0, '127.0.0.1', () => childReady(String((server.address() as AddressInfo).port)))
