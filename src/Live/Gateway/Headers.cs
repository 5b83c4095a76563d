using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Orrery.Live.Gateway;

/// <summary>Which headers pass. Those of one connection never do (RFC 9110, section 7.6.1); neither do the client's credentials.</summary>
internal static class Headers
{
    private const string RequestId = "X-Request-Id";
    private const string ConnectionHeader = "Connection";

    private static readonly HashSet<string> OfConnection = new(StringComparer.OrdinalIgnoreCase)
    {
        ConnectionHeader, "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    };

    /// <summary>The body is sent anew and must come back readable; who the client is ends here.</summary>
    private static readonly HashSet<string> NotForUpstream = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Content-Type", "Content-Encoding", "Expect", "Accept-Encoding", "Authorization", "Api-Key", "X-Api-Key", "Cookie", "Origin",
        "Referer", RequestId,
    };

    /// <summary>The server writes its own, and says itself what browsers may do.</summary>
    private static readonly HashSet<string> NotForClient = new(StringComparer.OrdinalIgnoreCase)
    {
        "Server", "Date", "Content-Length", "Set-Cookie", "Alt-Svc", "Strict-Transport-Security",
    };

    public static void ToUpstream(HttpContext context, UpstreamKey? key, HttpRequestHeaders headers)
    {
        IHeaderDictionary asked = context.Request.Headers;
        string[] named = Named(asked.Connection);
        foreach ((string name, StringValues values) in asked)
        {
            if (name.StartsWith(':') || OfConnection.Contains(name) || NotForUpstream.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            // The connection refuses them, which would look like a failure of the upstream.
            if (values.Any(value => value is not null && !Ascii.IsValid(value))) continue;
            headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        string id = asked[RequestId].ToString();
        headers.TryAddWithoutValidation(RequestId, id.Length > 0 && Ascii.IsValid(id) ? id : context.TraceIdentifier);
        if (key is not null) headers.TryAddWithoutValidation("Authorization", key.Bearer());
    }

    public static void ToClient(HttpResponseMessage answer, HttpResponse response)
    {
        string[] named = [.. answer.Headers.Connection];
        foreach ((string name, IEnumerable<string> values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (OfConnection.Contains(name) || NotForClient.Contains(name) || named.Contains(name, StringComparer.OrdinalIgnoreCase)) continue;
            if (name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase)) continue;
            string[] passed = [.. values];
            // The connection refuses them, which would cost the client its answer.
            if (passed.Any(value => !Ascii.IsValid(value) || value.Any(char.IsControl))) continue;
            response.Headers[name] = new StringValues(passed);
        }
    }

    private static string[] Named(StringValues connection) =>
        [.. connection.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
}
