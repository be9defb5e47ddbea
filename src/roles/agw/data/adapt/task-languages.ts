/** Tasks whose language is remembered, about 200 bytes each. */
const MAX_TASKS = 4_096

/** In which language the owner of a task reads, so that what it asks for later comes as the first answer did. The oldest gives way. */
export class TaskLanguages {
  readonly #languages = new Map<string, string>()

  learn(agent: string, task: string, language: string): void {
    const key = `${agent} ${task}`
    this.#languages.delete(key)
    this.#languages.set(key, language)
    if (this.#languages.size <= MAX_TASKS) return
    for (const oldest of this.#languages.keys()) {
      this.#languages.delete(oldest)
      return
    }
  }

  of(agent: string, task: string): string | undefined {
    return this.#languages.get(`${agent} ${task}`)
  }

  get size(): number {
    return this.#languages.size
  }
}
