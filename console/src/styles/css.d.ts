/** Types of CSS imports: a module maps its class names to the bundled ones. */
declare module '*.module.css' {
  const classes: Readonly<Record<string, string>>
  export default classes
}

declare module '*.css'
