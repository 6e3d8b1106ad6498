"use strict";

// A token typed into a text field must not reach the browser's form history or a remote spelling checker.
const withoutMemory = (Input, system) => (props) =>
  system.React.createElement(Input, { ...props, autoComplete: "off", spellCheck: false });

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null, // the default asks a server elsewhere
  plugins: [{ wrapComponents: { Input: withoutMemory } }],
});
