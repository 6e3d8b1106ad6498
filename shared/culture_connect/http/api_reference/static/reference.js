"use strict";

// The browser's form history must not keep a token.
const withoutHistory = (Input, system) => (props) => system.React.createElement(Input, { ...props, autoComplete: "off" });

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false,
  validatorUrl: null, // the default asks a server elsewhere
  plugins: [{ wrapComponents: { Input: withoutHistory } }],
});
