@echo off
rem Builds Krait when its sources have changed, then runs it: krait demo
setlocal
rem MSBuild takes every variable for a property, hence the long names.
set "krait_root=%~dp0"
set "krait_app=%krait_root%artifacts\bin\Krait.Cli\release\krait.dll"
set "krait_log=%krait_root%artifacts\krait-build.log"
set "krait_dotnet="
for %%d in (dotnet.exe) do set "krait_dotnet=%%~$PATH:d"
if not defined krait_dotnet (
    >&2 echo krait: the .NET 10 SDK is needed: https://dotnet.microsoft.com/download
    exit /b 4
)
rem MSBuild itself sees which sources have changed; an unchanged tree costs a second or two.
if not exist "%krait_app%" >&2 echo Building Krait ...
if not exist "%krait_root%artifacts" mkdir "%krait_root%artifacts"
dotnet build "%krait_root%src\Krait.Cli\Krait.Cli.csproj" -c Release -v quiet --nologo >"%krait_log%" 2>&1 <nul
if not %errorlevel%==0 (
    >&2 type "%krait_log%"
    >&2 echo krait: the build failed; the messages above say why.
    exit /b 1
)
dotnet "%krait_app%" %*
exit /b %errorlevel%
