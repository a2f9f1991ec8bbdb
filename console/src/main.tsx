/** Entry point: takes the sign-in token out of the URL, then renders the console. */
import './styles/all.js'
import { createRoot } from 'react-dom/client'

import { App } from './app.js'
import { takeFragmentToken } from './session.js'
import { applyTheme } from './theme.js'

const fragmentToken = takeFragmentToken()
applyTheme()
createRoot(document.querySelector('#console')!).render(<App fragmentToken={fragmentToken} />)
