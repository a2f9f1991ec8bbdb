// Vercel AI SDK tools through the gateway, called for one end user with a credential that the program never sees.
import { createMCPClient } from '@ai-sdk/mcp'
import { generateText, isStepCount } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'

const { KEYHOUSE_URL = 'http://localhost:4000', SERVER, AGENT } = process.env
const client = await createMCPClient({
  transport: {
    type: 'http',
    url: `${KEYHOUSE_URL}/mcp/${SERVER}`,
    headers: { Authorization: `Bearer ${AGENT}`, 'X-On-Behalf-Of': 'user-1' },
  },
})
const tools = await client.tools()
console.log(JSON.stringify({ tools: Object.keys(tools) }))

const usage = { inputTokens: { total: 0 }, outputTokens: { total: 0 } }
const step = (finishReason, content) => ({ finishReason: { unified: finishReason }, content, usage, warnings: [] })
// Replace this script with your provider's model. It calls one tool, then ends.
const model = new MockLanguageModelV4({
  doGenerate: [
    step('tool-calls', [{ type: 'tool-call', toolCallId: '1', toolName: 'echo', input: '{"message":"hello"}' }]),
    step('stop', [{ type: 'text', text: 'Done.' }]),
  ],
})
const { steps, text } = await generateText({ model, tools, prompt: 'Say hello.', stopWhen: isStepCount(2) })
console.log(JSON.stringify({ content: steps[0].toolResults[0].output.content, text }))
await client.close()
