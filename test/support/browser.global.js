/** Before the first test: unpacks Chromium, which two test files at once would do over each other. */
import chromium from '@sparticuz/chromium'

export default async function unpackBrowser() {
  await chromium.executablePath()
}
