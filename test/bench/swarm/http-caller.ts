import { Agent, request } from 'node:http'

/** An A2A client on nothing but node:http, with kept connections. */
export class HttpCaller {
  readonly #agent = new Agent({ keepAlive: true })
  #id = 0

  /** Sends a message to a JSON-RPC endpoint and gives the text of the answer. */
  async send(url: string, text: string): Promise<string> {
    const id = ++this.#id
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id,
      method: 'SendMessage',
      params: { message: { messageId: `m${id}`, role: 'ROLE_USER', parts: [{ text }] } }
    })
    const answer = JSON.parse(await this.#post(url, body)) as { result?: { message?: { parts?: { text?: string }[] } }; error?: unknown }
    if (answer.result?.message?.parts === undefined) throw new Error(`no message in the answer: ${JSON.stringify(answer).slice(0, 500)}`)
    return answer.result.message.parts.map((part) => part.text ?? '').join('')
  }

  close(): void {
    this.#agent.destroy()
  }

  #post(url: string, body: string): Promise<string> {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'a2a-version': '1.0' }
    return new Promise((resolve, reject) => {
      const call = request(url, { agent: this.#agent, method: 'POST', headers }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
        response.on('error', reject).on('end', () => resolve(text))
      })
      call.on('error', reject).end(body)
    })
  }
}
