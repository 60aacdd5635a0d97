// Starts `bobbin dap` for VS Code: the one of the workspace, or the one that the settings name.
// Plain JavaScript, as VS Code loads it; the debugger itself is the npm package `bobbin`.

"use strict";

const { existsSync, readFileSync } = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const TYPE = "bobbin";
const PROGRAMS = /\.(?:wasm|wat|s)$/i;

exports.activate = function activate(context) {
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, { createDebugAdapterDescriptor }),
    vscode.debug.registerDebugConfigurationProvider(TYPE, { resolveDebugConfiguration }),
  );
};

exports.deactivate = function deactivate() {};

/** Without a launch.json: the file that is open. */
function resolveDebugConfiguration(folder, config) {
  if (config.type || config.request || config.name) return config;
  const file = vscode.window.activeTextEditor?.document.fileName;
  if (file === undefined || !PROGRAMS.test(file)) return null;
  return { type: TYPE, request: "launch", name: "Bobbin", program: file, stopOnEntry: true };
}

function createDebugAdapterDescriptor(session) {
  const folder = session.workspaceFolder ?? vscode.workspace.workspaceFolders?.[0];
  const settings = vscode.workspace.getConfiguration(TYPE, folder?.uri);
  const bobbin = settings.get("path") || findBobbin(folder?.uri.fsPath);
  if (bobbin === undefined) {
    throw new Error(
      "bobbin is not in the workspace: npm install --save-dev bobbin, or set bobbin.path to its dist/cli.js",
    );
  }
  // Relative paths of the configuration are meant from there.
  const options = folder === undefined ? {} : { cwd: folder.uri.fsPath };
  return new vscode.DebugAdapterExecutable(
    settings.get("node") || "node",
    [bobbin, "dap"],
    options,
  );
}

/** The command line of the package: installed, or of a checkout of Bobbin itself. */
function findBobbin(folder) {
  if (folder === undefined) return undefined;
  const installed = path.join(folder, "node_modules", "bobbin", "dist", "cli.js");
  if (existsSync(installed)) return installed;
  const own = path.join(folder, "dist", "cli.js");
  return existsSync(own) && nameOf(folder) === "bobbin" ? own : undefined;
}

function nameOf(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name;
  } catch {
    return undefined;
  }
}
