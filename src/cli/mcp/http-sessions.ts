import { randomUUID } from 'node:crypto'
import { type McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'

/** Sessions at a time; each is one client with its tools, some tens of kilobytes. */
const MAX_SESSIONS = 64

/** A client that has asked nothing for so long, and listens to nothing, has gone. In milliseconds. */
const IDLE_MS = 30 * 60_000

interface Session {
  readonly transport: WebStandardStreamableHTTPServerTransport
  readonly server: McpServer
  open: number
  usedAt: number
}

/** Sessions of clients that speak a revision of MCP with sessions (before 2026-07-28). */
export class HttpSessions {
  readonly #create: () => McpServer
  readonly #maxBody: number
  readonly #sessions = new Map<string, Session>()
  readonly #sweeper: NodeJS.Timeout

  constructor(create: () => McpServer, maxBody: number) {
    this.#create = create
    this.#maxBody = maxBody
    this.#sweeper = setInterval(() => this.#sweep(Date.now() - IDLE_MS), 60_000).unref()
  }

  /** Answers one request. Its signal must abort when the answer has been sent or nobody waits for it any more. */
  async handle(request: Request): Promise<Response> {
    const id = request.headers.get('mcp-session-id')
    if (id === null) return this.#begin(request)
    const session = this.#sessions.get(id)
    // 404 tells the client to begin anew (MCP, "Session management").
    return session === undefined ? refusal(404, -32_001, 'Session not found') : this.#within(session, request)
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper)
    await Promise.all([...this.#sessions.values()].map(({ server }) => server.close()))
  }

  async #begin(request: Request): Promise<Response> {
    if (this.#sessions.size >= MAX_SESSIONS && !this.#dropIdlest()) return refusal(503, -32_000, 'Too many sessions')
    const server = this.#create()
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: this.#maxBody,
      onsessioninitialized: (id) => void this.#sessions.set(id, session)
    })
    const session: Session = { transport, server, open: 0, usedAt: Date.now() }
    await server.connect(transport)
    const forget = transport.onclose
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId)
      forget?.()
    }
    const response = await this.#within(session, request)
    // Not a client that introduces itself: it has been told so, and there is no session.
    if (transport.sessionId === undefined) await server.close()
    return response
  }

  #within(session: Session, request: Request): Promise<Response> {
    session.open++
    request.signal.addEventListener(
      'abort',
      () => {
        session.open--
        session.usedAt = Date.now()
      },
      { once: true }
    )
    return session.transport.handleRequest(request)
  }

  #dropIdlest(): boolean {
    const [idlest] = [...this.#sessions.values()].filter(({ open }) => open === 0).sort((a, b) => a.usedAt - b.usedAt)
    if (idlest === undefined) return false
    if (idlest.transport.sessionId !== undefined) this.#sessions.delete(idlest.transport.sessionId)
    void idlest.server.close()
    return true
  }

  #sweep(before: number): void {
    for (const { open, usedAt, server } of this.#sessions.values()) if (open === 0 && usedAt < before) void server.close()
  }
}

function refusal(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status })
}
