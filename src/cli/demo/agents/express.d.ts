// The little of express that the demo's agents use; express comes without types.
declare module 'express' {
  import type { IncomingMessage, Server, ServerResponse } from 'node:http'

  export type Request = IncomingMessage & { readonly originalUrl: string; readonly method: string }
  type Handler = (...args: never[]) => unknown
  type Middleware = (request: Request, response: ServerResponse, next: () => void) => unknown

  interface Application {
    use(path: string, handler: Middleware): this
    use(...handlers: readonly (string | Handler)[]): this
    listen(port: number, host: string, listening: (error?: Error) => void): Server
  }

  function express(): Application
  namespace express {
    function json(options: { readonly limit: string; readonly strict?: boolean; readonly type?: readonly string[] }): Handler
  }
  export type RequestHandler = Handler
  export default express
}
