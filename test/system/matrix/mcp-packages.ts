/** The official SDKs for MCP, and FastMCP. */
export const MCP_PACKAGES = {
  '@modelcontextprotocol/sdk': '1.32.2',
  '@modelcontextprotocol/server': '2.4.0',
  '@modelcontextprotocol/node': '2.1.2',
  '@modelcontextprotocol/express': '2.0.2',
  '@modelcontextprotocol/client': '2.4.0',
  express: '5.3.0',
  fastmcp: '4.20.16',
  zod: '4.4.3',
};

export const MCP_DIMENSIONS = '1=gen_ai.tool.name,2=mcp.client.name,3=matomo.failed_endpoint';
