/** Jest global setup: unpacks Chromium once, since parallel test files would overwrite each other's copy. */
import chromium from '@sparticuz/chromium'

export default async function unpackBrowser() {
  await chromium.executablePath()
}
