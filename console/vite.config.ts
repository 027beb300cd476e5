import { defineConfig } from "vite";

// The build goes where the Python package takes it from; names change with the content, so browsers may keep the files.
export default defineConfig({
  base: "/en-US/static/console/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    outDir: "../caltrop/splunkd/console/static",
    emptyOutDir: true,
    assetsDir: "",
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    rollupOptions: {
      output: { hashCharacters: "hex" },
    },
  },
});
