// The little of express that the demo's agents use; express comes without types.
declare module 'express' {
  import type { Server } from 'node:http'

  type Handler = (...args: never[]) => unknown

  interface Application {
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
