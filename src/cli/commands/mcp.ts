import { InvalidArgumentError, type Command } from 'commander'
import { isLoopback, type ListenAddress, parseTcpAddress } from '../../node/config/listen-address.ts'
import { homePaths } from '../../node/home/home-paths.ts'
import { openMcpToken } from '../../node/home/mcp-token.ts'
import { define, type Frame } from '../define.ts'

/** Beside the admin server's 7401. */
const DEFAULT_ADDRESS = '127.0.0.1:7402'

export function addMcp(program: Command, frame: Frame): void {
  define(program, frame, {
    name: 'mcp',
    summary: 'give an MCP client the swarm as tools, over standard streams or streamable HTTP',
    examples: ['mcp', 'mcp --http', 'mcp --http 127.0.0.1:0'],
    options: (command) =>
      command.option('--http [address]', `serve HTTP on this loopback address (default: ${DEFAULT_ADDRESS}; port 0: any)`, loopbackArgument),
    async run(session, _, options) {
      const { signal } = session
      const onNote = (line: string): void => session.out.note(line)
      if (options['http'] === undefined) {
        const { serveOverStdio } = await import('../mcp/serve-stdio.ts')
        return serveOverStdio({ admin: session.admin, signal, onNote })
      }
      const listen = options['http'] === true ? loopbackArgument(DEFAULT_ADDRESS) : (options['http'] as ReturnType<typeof loopbackArgument>)
      const paths = homePaths(session.home)
      const token = await openMcpToken(paths)
      const { serveOverHttp } = await import('../mcp/serve-http.ts')
      return serveOverHttp({
        admin: session.admin,
        listen,
        token,
        signal,
        onNote,
        onReady: (url) =>
          session.out.result({ url, tokenFile: paths.mcpToken }, (shown) => [
            `${session.out.style('green', 'mcp')}    ${shown.url}`,
            `token  ${shown.tokenFile}`
          ])
      })
    }
  })
}

function loopbackArgument(text: string): ListenAddress & { readonly kind: 'tcp' } {
  const address = parseTcpAddress(text)
  if (address === undefined || !isLoopback(address.host)) throw new InvalidArgumentError('A loopback address such as 127.0.0.1:7402 is wanted.')
  return address
}
