@echo off
rem Builds Krait when its sources have changed, then runs it: krait demo
setlocal
set "root=%~dp0"
set "app=%root%artifacts\bin\Krait.Cli\release\krait.dll"
where dotnet >nul 2>nul
if errorlevel 1 (
    echo krait: the .NET 10 SDK is needed: https://dotnet.microsoft.com/download 1>&2
    exit /b 4
)
rem MSBuild itself sees which sources have changed; an unchanged tree costs a second or two.
if not exist "%root%artifacts" mkdir "%root%artifacts"
dotnet build "%root%src\Krait.Cli\Krait.Cli.csproj" -c Release -v quiet --nologo > "%root%artifacts\krait-build.log" 2>&1
if errorlevel 1 (
    type "%root%artifacts\krait-build.log" 1>&2
    echo krait: the build failed; the messages above say why. 1>&2
    exit /b 1
)
dotnet "%app%" %*
exit /b %errorlevel%
